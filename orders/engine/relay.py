"""The relay: in the workers, it sends what requests left in the outbox, and deals with what gateways sent."""

import threading

from orders.decisions import refunds
from orders.engine import outbox, temporal, waking
from orders.engine.companions import report, run_companion
from orders.errors import TemporalAway
from orders.inbox import handle
from orders.models import OutboxMessage
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
        waking.wake_silent_batches()
        try:
            woken = waking.wake_batches()
            sent = outbox.deliver_pending()
            woken += handle.handle_events()
        except TemporalAway:
            is_away = True
            raise
        _report_refused()
        return sent + woken > 0

    run_companion("relay", make_round, stop, interval_seconds=interval_seconds)


def _report_refused() -> None:
    refused = OutboxMessage.objects.filter(status=OutboxMessage.Status.REFUSED, order__status__in=OPEN)
    order_ids = sorted(set(refused.values_list("order__order_id", flat=True)))
    if order_ids:
        report("messages_refused", count=len(order_ids), order_ids=order_ids[:10])
