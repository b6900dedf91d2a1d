"""What surrounds every attempt of an activity, in the attempt's own thread: connections, log lines, failed attempts.

The order's history tells of attempts that failed and are made again. An attempt that raised is recorded right away,
one whose worker was lost or that took too long by the attempt after it (`workers.losses`). The attempt of a local
activity comes before those that Temporal counts, and has the number IMMEDIATE.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from traceback import walk_tb
from typing import Any, Final

from django.db import Error as DatabaseFailure
from django.db import close_old_connections
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from orders import contracts
from orders.engine.alarms import is_alarming
from orders.errors import OrderError, OutsideWorldFailed
from orders.events import IMMEDIATE
from orders.lifecycle import attempts
from orders.lifecycle.losses import record_lost_attempt
from orders.lifecycle.troubles import is_unresolved
from workers import logs, losses, steps

logger = logging.getLogger(__name__)

KEEPS_FAILING: Final = "the step %s keeps failing, attempt %d: %s"
# An outage of a day must not fill an order's page: the first attempts are told one by one, later ones now and then.
TOLD_ONE_BY_ONE: Final = 10
TOLD_EVERY: Final = 60


class AttemptInterceptor(Interceptor):
    """Surrounds activities with `make_attempt`."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Attempt(next)


class _Attempt(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        # Only what wraps the function runs in the activity's thread, where its database connection is.
        input.fn = partial(make_attempt, input.fn)
        return await super().execute_activity(input)


def make_attempt(function: Callable[[Any], Any], argument: Any) -> Any:
    """Make one attempt of an activity: with a fresh or proven connection, one line in the log, failures written."""
    info = activity.info()
    if not hasattr(argument, "order_id"):
        return _make_plain_attempt(function, argument)
    order_id: str = argument.order_id
    number = IMMEDIATE if info.is_local else info.attempt
    started_at = time.monotonic()
    close_old_connections()
    try:
        with logs.telling(f"{order_id} {info.activity_type} {_name(number)}"), losses.remembering_attempt():
            if number > 1:
                _tell_of_silence(argument, info.activity_type, number - 1)
            try:
                answer = function(argument)
            except ApplicationError as refusal:
                logger.info("%s: %s", "refused" if refusal.non_retryable else "put off", refusal.message)
                if not refusal.non_retryable:
                    _write_failure(argument, info.activity_type, info.attempt, refusal.message)
                if refusal.type == contracts.ORDER_CLOSED:
                    _write(attempts.record_refused_run, order_id, info.workflow_run_id or "", info.activity_type)
                raise
            except Exception as error:
                _log_failure(error, order_id, info.activity_type, number, _tell_time(started_at))
                sentence = str(error) or type(error).__name__
                _write_failure(argument, info.activity_type, number, sentence)
                tried_for = info.started_time - info.scheduled_time
                if isinstance(error, OutsideWorldFailed) and is_unresolved(attempt=number, tried_for=tried_for):
                    _write(attempts.record_unresolved, order_id, info.activity_type, sentence)
                raise
            logger.info("done%s", _tell_time(started_at))
            if number > 1:
                _write(attempts.record_success, order_id, info.activity_type)
            return answer
    finally:
        close_old_connections()


def _make_plain_attempt(function: Callable[[Any], Any], argument: Any) -> Any:
    """Make an attempt of an activity that belongs to no order, so that no order's history tells of it."""
    info = activity.info()
    close_old_connections()
    try:
        with logs.telling(f"{info.workflow_id} {info.activity_type} {_name(info.attempt)}"):
            try:
                return function(argument)
            except ApplicationError:
                raise
            except Exception as error:
                level = logging.ERROR if is_alarming(info.attempt) else logging.WARNING
                logger.log(level, "failed: %s: %s", type(error).__name__, error, exc_info=error)
                raise
    finally:
        close_old_connections()


def _name(number: int) -> str:
    return "immediate attempt" if number == IMMEDIATE else f"attempt {number}"


def _tell_time(started_at: float) -> str:
    seconds = time.monotonic() - started_at
    is_late = seconds > steps.START_TO_CLOSE.total_seconds()
    return f" in {seconds:.2f} s{', too late to count' if is_late else ''}"


def _tell_of_silence(argument: Any, name: str, attempt: int) -> None:
    """Tell of an attempt that did not do so itself: its worker was lost, it hangs, or it could not write."""
    run_id, refund_key = activity.info().workflow_run_id or "", getattr(argument, "refund_key", "")
    is_recorded = partial(attempts.is_failure_recorded, run_id=run_id)
    if not _is_told(attempt) or _write(is_recorded, argument.order_id, name, attempt) is not False:
        return
    fate = losses.find_fate(argument.order_id)
    if fate.is_lost:
        record = partial(record_lost_attempt, run_id=run_id, seconds=fate.seconds, refund_key=refund_key)
        is_new = bool(_write(record, argument.order_id, name, attempt, fate.error))
        logger.info("contact with the worker of attempt %d was lost", attempt)
    else:
        is_new = _write_failure(argument, name, attempt, fate.error)
    if is_new and is_alarming(attempt):
        logger.error(KEEPS_FAILING, name, attempt, fate.error, extra=_extra(argument.order_id, name, attempt))


def _log_failure(error: Exception, order_id: str, name: str, attempt: int, time_taken: str) -> None:
    """Log a failed attempt: as an error, which an error tracker hears, when the step keeps failing."""
    extra = _extra(order_id, name, attempt)
    if is_alarming(attempt):
        logger.error(KEEPS_FAILING, name, attempt, error, exc_info=error, extra=extra)
    else:
        logger.warning("failed%s: %s: %s", time_taken, type(error).__name__, error, extra=extra)


def _extra(order_id: str, name: str, attempt: int) -> dict[str, Any]:
    """Return what an error tracker groups and finds the records by."""
    return {"order_id": order_id, "step": name, "attempt": attempt}


def _is_told(attempt: int) -> bool:
    return attempt <= TOLD_ONE_BY_ONE or attempt % TOLD_EVERY == 0 or is_alarming(attempt)


def _write_failure(argument: Any, name: str, attempt: int, sentence: str) -> bool:
    """Write a failed attempt into the order's history, and tell whether it was not there yet."""
    run_id, refund_key = activity.info().workflow_run_id or "", getattr(argument, "refund_key", "")
    record = partial(attempts.record_failed_attempt, run_id=run_id, refund_key=refund_key)
    return _is_told(attempt) and bool(_write(record, argument.order_id, name, attempt, sentence))


def _write(record: Callable[..., bool | None], *facts: object) -> bool | None:
    """Write something about an attempt. Its own failure must not hide the attempt's."""
    close_old_connections()  # an attempt that hung may hold one that has broken
    try:
        return record(*facts)
    except (DatabaseFailure, OrderError) as error:
        logger.warning("it could not be recorded: %s", error)
        return None


class StrayFailures(logging.Filter):
    """Makes errors of what the SDK logs of steps that keep failing before an attempt of ours begins.

    Such as an argument that cannot be read, or an activity of another release. It belongs to the SDK's logger, for what
    error trackers hear does not pass the handlers' filters.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Raise the record's level where it is such a failure; nothing is dropped."""
        info: dict[str, Any] | None = getattr(record, "temporal_activity", None)
        error = record.exc_info[1] if record.exc_info else None
        if info is not None and error is not None and is_alarming(info["attempt"]) and not _is_ours(error):
            record.levelno, record.levelname = logging.ERROR, logging.getLevelName(logging.ERROR)
        return True


def _is_ours(error: BaseException) -> bool:
    """Tell whether `make_attempt` let the failure through, and so has logged it."""
    return any(frame.f_code is make_attempt.__code__ for frame, _ in walk_tb(error.__traceback__))


def hear_stray_failures() -> None:
    """Have steps that fail before their attempt begins become errors too. To be called once."""
    activity.logger.base_logger.addFilter(StrayFailures())
