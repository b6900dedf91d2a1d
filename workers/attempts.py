"""What surrounds every attempt of an activity, in the attempt's own thread: connections, log lines, failed attempts.

The order's history tells of attempts that failed and are made again. An attempt that raised is written down by itself,
one whose worker died or that took too long by the attempt after it.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.db import Error as DatabaseFailure
from django.db import close_old_connections
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from orders import contracts, projections
from orders.errors import OrderError, OutsideWorldFailed
from orders.troubles import is_unresolved
from workers import logs, steps

logger = logging.getLogger(__name__)

NO_ANSWER: Final = f"No answer within {steps.START_TO_CLOSE.total_seconds():g} s."
# An outage of a day must not fill an order's page: the first attempts are told one by one, later ones now and then.
TOLD_ONE_BY_ONE: Final = 10
TOLD_EVERY: Final = 60


class AttemptInterceptor(Interceptor):
    """Surrounds activities with `make_attempt`."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Return the interceptor of one attempt."""
        return _Attempt(next)


class _Attempt(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        # Only what wraps the function runs in the activity's thread, where its database connection is.
        input.fn = partial(make_attempt, input.fn)
        return await super().execute_activity(input)


def make_attempt(function: Callable[[Any], Any], argument: Any) -> Any:
    """Make one attempt of an activity: with a fresh or proven connection, one line in the log, failures written."""
    info = activity.info()
    order_id: str = argument.order_id
    started_at = time.monotonic()
    close_old_connections()
    try:
        with logs.telling(f"{order_id} {info.activity_type} attempt {info.attempt}"):
            if info.attempt > 1:
                _write_failure(order_id, info.activity_type, info.attempt - 1, NO_ANSWER)
            try:
                answer = function(argument)
            except ApplicationError as refusal:
                logger.info("refused: %s", refusal.message)
                if refusal.type == contracts.ORDER_CLOSED:
                    _write(projections.record_refused_run, order_id, info.workflow_run_id or "", info.activity_type)
                raise
            except Exception as error:
                logger.warning("failed%s: %s: %s", _tell_time(started_at), type(error).__name__, error)
                sentence = str(error) or type(error).__name__
                _write_failure(order_id, info.activity_type, info.attempt, sentence)
                tried_for = info.started_time - info.scheduled_time
                if isinstance(error, OutsideWorldFailed) and is_unresolved(attempt=info.attempt, tried_for=tried_for):
                    _write(projections.record_unresolved, order_id, info.activity_type, sentence)
                raise
            logger.info("done%s", _tell_time(started_at))
            if info.attempt > 1:
                _write(projections.record_success, order_id, info.activity_type)
            return answer
    finally:
        close_old_connections()


def _tell_time(started_at: float) -> str:
    seconds = time.monotonic() - started_at
    is_late = seconds > steps.START_TO_CLOSE.total_seconds()
    return f" in {seconds:.2f} s{', too late to be heard' if is_late else ''}"


def _write_failure(order_id: str, name: str, attempt: int, sentence: str) -> None:
    """Write a failed attempt into the order's history."""
    if attempt <= TOLD_ONE_BY_ONE or attempt % TOLD_EVERY == 0:
        _write(projections.record_failed_attempt, order_id, name, attempt, sentence)


def _write(record: Callable[..., None], *facts: object) -> None:
    """Write something about an attempt. Its own failure must not hide the attempt's."""
    close_old_connections()  # an attempt that hung may hold one that broke meanwhile
    try:
        record(*facts)
    except (DatabaseFailure, OrderError) as error:
        logger.warning("it could not be written down: %s", error)
