"""Live status of single orders, behind a guard: pages may ask as often as they like, workflows are asked seldom.

A query costs a workflow task's time, and a query that nobody answers holds a thread for two seconds. So a process asks
at most once a second for an order, about at most three orders at once, and not at all for a few seconds after a
failure. Without an answer the page shows the row.
"""

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orders.causes import explain_cause
from orders.contracts import StatusAnswer, WaitingFor
from orders.engine import temporal
from orders.engine.pending import PendingActivity, Progress
from orders.errors import CallFailed, OrderError, RunNotFound, RunPaused, TemporalAway
from orders.models import Order
from orders.states import Status
from orders.translation import in_english

logger = logging.getLogger(__name__)

CACHE_SECONDS: Final = 1.0
# The workflow of an order that waits for a person has nothing newer than its row. It is asked when a page opens, and
# seldom after that: by 200 open pages and two processes less than 0.1 times a poll.
OPENING_SECONDS: Final = 10.0
WAITING_SECONDS: Final = 60.0
# Where no place is free, the last answer will do for so long.
LAST_SECONDS: Final = 10.0
MOST_AT_ONCE: Final = 3
# As many as the threads of a web process, each of which may have just decided.
MOST_DECIDING: Final = 8
COOL_DOWN_SECONDS: Final = 3.0
WAIT_SECONDS: Final = 5.0
MOST_CACHED: Final = 1000
# What a workflow at this status waits for.
WAITING_FOR: Final[Mapping[Status, WaitingFor]] = {
    Status.CREATED: WaitingFor.VALIDATION,
    Status.VALIDATED: WaitingFor.APPROVAL,
    Status.PENDING_MANUAL_APPROVAL: WaitingFor.APPROVAL,
    Status.CHARGING_PAYMENT: WaitingFor.PAYMENT,
    Status.PAID: WaitingFor.SHIPPING,
    Status.PACKAGE_PREPARED: WaitingFor.SHIPPING,
    Status.DISPATCHED: WaitingFor.COMPLETION,
    Status.CANCELLING: WaitingFor.CANCELLATION,
}


@dataclass(frozen=True)
class LiveStatus:
    """What the workflow says of an order: no answer, and `is_away` with a sentence for people, when it cannot.

    `is_paused` and `is_shipping_paused` tell that somebody paused the order's run, or its shipment's, in Temporal.
    """

    answer: StatusAnswer | None
    activities: tuple[PendingActivity, ...] = ()
    is_away: bool = False
    sentence: str | Promise = ""
    is_paused: bool = False
    paused_since: datetime | None = None
    is_shipping_paused: bool = False


AWAY: Final = LiveStatus(
    None, is_away=True, sentence=gettext_lazy("Live status is unavailable. Showing the last saved status.")
)
# Other orders are being asked at the moment. The row is shown, and the next poll asks again.
BUSY: Final = LiveStatus(None)
NO_RUN: Final = LiveStatus(
    None, is_away=True, sentence=gettext_lazy("No workflow is running for this order. Showing the last saved status.")
)

NO_ANSWER: Final = LiveStatus(
    None, is_away=True, sentence=gettext_lazy("The workflow is not responding. Showing the last saved status.")
)


class _Guard:
    """Single flight per order, a short cache, few at once, and a circuit breaker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[str, Future[LiveStatus]] = {}
        self._cache: dict[str, tuple[float, LiveStatus]] = {}
        self._open_until = 0.0
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def get(self, order_id: str, *, is_fresh: bool, waiting_seconds: float, has_attempts: bool) -> LiveStatus:
        """Return the live status from the cache, from somebody else's flight or by asking."""
        with self._lock:
            now = time.monotonic()
            asked_at, known = self._cache.get(order_id, (now, BUSY))
            is_waiting = known.answer is not None and known.answer.waiting_for == WaitingFor.APPROVAL
            seconds = max(CACHE_SECONDS, waiting_seconds if is_waiting else 0)
            if known is not BUSY and now - asked_at < seconds and not is_fresh:
                return known
            if now < self._open_until:
                return AWAY
            flight = None if is_fresh else self._flights.get(order_id)
            is_pilot = flight is None
            if flight is None:
                flight = self._flights[order_id] = Future()
        if is_pilot:
            self._fly(order_id, flight, has_attempts=has_attempts)
        try:
            live = flight.result(WAIT_SECONDS)
        except FutureTimeoutError:
            live = BUSY
        return known if live is BUSY and not is_fresh and now - asked_at < LAST_SECONDS else live

    def _fly(self, order_id: str, flight: "Future[LiveStatus]", *, has_attempts: bool) -> None:
        """Ask, tell everybody who waits, and remember the answer for a moment."""
        live = BUSY
        try:
            if self._places.acquire(blocking=False):
                try:
                    live = _ask(order_id, has_attempts=has_attempts)
                finally:
                    self._places.release()
        finally:
            with self._lock:
                now = time.monotonic()
                if live is AWAY:
                    self._open_until = now + COOL_DOWN_SECONDS
                if live is not BUSY:
                    self._cache.pop(order_id, None)  # the order of the dictionary is that of the answers
                    self._cache[order_id] = (now, live)
                if len(self._cache) > MOST_CACHED:
                    del self._cache[next(iter(self._cache))]
                if self._flights.get(order_id) is flight:
                    del self._flights[order_id]
            flight.set_result(live)


_guard = _Guard()
# Its threads begin with the first decision, so that none is lost by a fork.
_askers: Final = ThreadPoolExecutor(MOST_DECIDING, thread_name_prefix="live-status")


def get_live_status(
    order_id: str, *, is_fresh: bool = False, waiting_seconds: float = 0, has_attempts: bool = True
) -> LiveStatus:
    """Return what the workflow says of the order now; never raises and never takes longer than a few seconds.

    `is_fresh` passes over the cache: right after a decision the answer contains it. `waiting_seconds` is how old an
    answer may be that says that the order waits for a person; only for an order whose row says so too. Without
    `has_attempts` Temporal is not asked about attempts as well: right after an approval none is worth a word.
    """
    return _guard.get(order_id, is_fresh=is_fresh, waiting_seconds=waiting_seconds, has_attempts=has_attempts)


def begin_to_ask(order_id: str, *, has_attempts: bool) -> "Future[LiveStatus]":
    """Begin to ask right after a decision, for who has something else to do until the workflow has answered."""
    return _askers.submit(get_live_status, order_id, is_fresh=True, has_attempts=has_attempts)


def describe_row(order: Order) -> StatusAnswer:
    """Return what the row says, in the shape in which the workflow answers; for when that does not answer."""
    status = Status(order.status)
    return StatusAnswer(
        order_id=order.order_id,
        status=status,
        approved=order.is_approved,
        cancelled=order.is_cancel_requested or status in {Status.CANCELLING, Status.CANCELLED},
        waiting_for=WAITING_FOR.get(status),
        deadline=order.approval_deadline.isoformat() if order.approval_deadline else None,
        reason_code=order.reason_code,
        reason=explain_cause(order.cause, order.reason),
        cause=order.cause,
        reason_text=order.reason,
        approvals=order.approvals_given,
        approvals_needed=order.approvals_needed,
    )


def forget() -> None:
    """Forget every answer and failure, as in a new process."""
    global _guard  # noqa: PLW0603
    _guard = _Guard()


def _ask(order_id: str, *, has_attempts: bool) -> LiveStatus:
    """Ask the workflow, and the server about attempts where some are being made. Never raises."""
    with in_english():  # of failures, which the log tells
        return _ask_aloud(order_id, has_attempts=has_attempts)


def _ask_aloud(order_id: str, *, has_attempts: bool) -> LiveStatus:
    try:
        answer = temporal.query_status(order_id)
        is_trying = has_attempts and answer.waiting_for not in {None, WaitingFor.APPROVAL}
        progress = _describe_progress(order_id) if is_trying else Progress()
    except RunNotFound:
        return NO_RUN
    except RunPaused as error:
        return LiveStatus(None, is_paused=True, paused_since=error.since)
    except TemporalAway as error:
        logger.info("live status of %s: %s", order_id, error)
        # Another order's workflow may well answer, unless the call took as long as it may.
        is_quick = isinstance(error, CallFailed) and error.code != "DEADLINE_EXCEEDED"
        return NO_ANSWER if is_quick else AWAY
    except OrderError as error:
        logger.warning("live status of %s: %s", order_id, error)
        return NO_ANSWER
    except Exception:
        logger.exception("live status of %s: unexpected failure", order_id)
        return NO_ANSWER
    return LiveStatus(answer, progress.activities, is_shipping_paused=progress.is_shipping_paused)


def _describe_progress(order_id: str) -> Progress:
    """Return what is being tried; an answer of the workflow is worth showing without it."""
    try:
        return temporal.describe_progress(order_id)
    except OrderError as error:
        logger.info("attempts of %s: %s", order_id, error)
        return Progress()
