"""The relay: in the workers, it sends what requests left in the outbox, and deals with what gateways sent."""

import threading
from datetime import timedelta

from django.db.models.functions import Now

from orders.decisions import refunds
from orders.engine import outbox, temporal, waking
from orders.engine.companions import report, run_companion
from orders.errors import TemporalAway
from orders.imports import jobs
from orders.inbox import handle
from orders.models import OutboxMessage
from orders.postgres.clock import StatementTime, database_now
from orders.states import OPEN


def run_relay(stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
    """Send pending messages until `stop` is set; `companions` says which failures it survives."""
    is_away = False

    def make_round() -> bool:
        nonlocal is_away
        if is_away:
            temporal.check_server()
            is_away = False
            outbox.wake_all()
        outbox.send_unanswered_again()
        refunds.start_unfinished_again()
        waking.wake_silent_jobs()
        jobs.stop_forgotten()
        try:
            woken = waking.wake_jobs()
            sent = outbox.deliver_pending()
            woken += handle.handle_events()
        except TemporalAway:
            is_away = True
            raise
        _report_refused()
        if sent + woken == 0 and (pause := find_pause(interval_seconds)) < interval_seconds:
            # Should the request that keeps a message have died, the message is sent as soon as it is due.
            return not stop.wait(pause)
        return sent + woken > 0

    run_companion("relay", make_round, stop, interval_seconds=interval_seconds)


def find_pause(longest_seconds: float) -> float:
    """Return after how many seconds the first message becomes due that requests keep, at most `longest_seconds`."""
    kept = OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING, attempts=0, next_attempt_at__gt=Now())
    first = kept.order_by("next_attempt_at").values_list("next_attempt_at", StatementTime()).first()
    return longest_seconds if first is None else min((first[0] - first[1]).total_seconds(), longest_seconds)


def find_delay() -> timedelta:
    """Return how long the oldest due message has been waiting."""
    oldest = (
        OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING)
        .order_by("created_at")
        .values_list("created_at")
    ).first()
    return database_now() - oldest[0] if oldest else timedelta(0)


def _report_refused() -> None:
    refused = OutboxMessage.objects.filter(status=OutboxMessage.Status.REFUSED, order__status__in=OPEN)
    order_ids = sorted(set(refused.values_list("order__order_id", flat=True)))
    if order_ids:
        report("messages_refused", count=len(order_ids), order_ids=order_ids[:10])
