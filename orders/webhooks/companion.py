"""The companion that delivers webhooks: in the workers, beside the relay."""

import threading

from orders.engine.companions import run_companion
from orders.feed.positions import place_events
from orders.webhooks.delivery import deliver_due, forget_old, write_deliveries


def run_webhooks(stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
    """Place events, write deliveries and make the calls until `stop` is set."""
    run_companion("webhooks", make_round, stop, interval_seconds=interval_seconds)


def make_round() -> bool:
    """Do what is due, and tell whether there is more."""
    placed, seen, delivered = place_events(), write_deliveries(), deliver_due()
    forget_old()
    return placed + seen + delivered > 0
