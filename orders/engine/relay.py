"""The relay: in the workers, it sends what requests left in the outbox, and deals with what gateways sent."""

import threading
from datetime import timedelta
from typing import Final, NamedTuple

from django.db import connection

from orders.decisions import refunds
from orders.engine import outbox, temporal, waking
from orders.engine.companions import Seldom, report, run_companion
from orders.errors import TemporalAway
from orders.imports import jobs
from orders.inbox import handle
from orders.models import OutboxMessage
from orders.postgres.clock import database_now
from orders.states import OPEN

# How often is looked for what waits for seconds anyway: answers, refunds and jobs that seem to be lost.
SELDOM_SECONDS: Final = 5.0
# All that a round may find, in one statement, since most rounds find nothing.
LOOK: Final = """
SELECT
    EXISTS (SELECT FROM orders_outboxmessage WHERE status = 'PENDING' AND next_attempt_at <= statement_timestamp())
    OR EXISTS (SELECT FROM orders_batch WHERE wake_due_at <= statement_timestamp())
    OR EXISTS (SELECT FROM orders_orderimport WHERE wake_due_at <= statement_timestamp())
    OR EXISTS (SELECT FROM orders_gatewayevent WHERE handled_at IS NULL),
    (
        SELECT extract(epoch FROM min(next_attempt_at) - statement_timestamp())::float8 FROM orders_outboxmessage
        WHERE status = 'PENDING' AND attempts = 0 AND next_attempt_at > statement_timestamp()
    )
"""


class Work(NamedTuple):
    """What a look found: whether anything is due, and in how many seconds the first message is that requests keep."""

    is_due: bool
    kept_for: float | None


class _Relay:
    """One round after another; `companions` says which failures the loop of them survives."""

    def __init__(self, stop: threading.Event, interval_seconds: float) -> None:
        self._stop, self._interval_seconds = stop, interval_seconds
        self._is_away = False
        self._refused: list[str] = []

    def make_round(self) -> bool:
        """Do what is due, and tell whether the next round begins at once."""
        if self._is_away:
            temporal.check_server()
            self._is_away = False
            outbox.wake_all()
        work = look_for_work()
        count = self._send() if work.is_due else 0
        if self._refused:
            report("messages_refused", count=len(self._refused), order_ids=self._refused[:10])
        if count == 0 and work.kept_for is not None and work.kept_for < self._interval_seconds:
            # Should the request that keeps a message have died, the message is sent as soon as it is due.
            return not self._stop.wait(work.kept_for)
        return count > 0

    def look_for_what_is_lost(self) -> None:
        """Have sent or woken again what got no answer for long, and note what Temporal refused."""
        outbox.send_unanswered_again()
        refunds.start_unfinished_again()
        waking.wake_silent_jobs()
        jobs.stop_forgotten()
        self._refused = _list_refused()

    def _send(self) -> int:
        """Send and wake what is due, and return how much of it got there. Raises TemporalAway."""
        try:
            return waking.wake_jobs() + outbox.deliver_pending() + handle.handle_events()
        except TemporalAway:
            self._is_away = True
            raise


def run_relay(stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
    """Send pending messages until `stop` is set."""
    relay = _Relay(stop, interval_seconds)
    looking = Seldom(relay.look_for_what_is_lost, SELDOM_SECONDS)
    run_companion("relay", relay.make_round, stop, interval_seconds=interval_seconds, seldom=looking)


def look_for_work() -> Work:
    """Look for what is due, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK)
        return Work(*cursor.fetchone())


def find_delay() -> timedelta:
    """Return how long the oldest due message has been waiting."""
    oldest = (
        OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING)
        .order_by("created_at")
        .values_list("created_at")
    ).first()
    return database_now() - oldest[0] if oldest else timedelta(0)


def _list_refused() -> list[str]:
    """Return the open orders of which Temporal refused a message as it is."""
    refused = OutboxMessage.objects.filter(status=OutboxMessage.Status.REFUSED, order__status__in=OPEN)
    return sorted(set(refused.values_list("order__order_id", flat=True)))
