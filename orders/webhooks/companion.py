"""The companion that delivers webhooks: in the workers, beside the relay."""

import threading
from typing import Final

from orders.engine.companions import Seldom, run_companion
from orders.feed import positions
from orders.webhooks import delivery

FORGET_SECONDS: Final = 60.0


def run_webhooks(stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
    """Place events, write deliveries and make the calls until `stop` is set."""
    tidying = Seldom(delivery.forget_old, FORGET_SECONDS)
    run_companion("webhooks", make_round, stop, interval_seconds=interval_seconds, seldom=tidying)


def make_round() -> bool:
    """Do what is due, and tell whether there is more, so that the next round begins at once.

    Events that have happened since it began are no reason: under load there always are some, and a round costs the same
    whether it places one event or a thousand.
    """
    placed, seen, delivered = positions.place_events(), delivery.write_deliveries(), delivery.deliver_due()
    return placed >= positions.ROUND or seen >= delivery.FAN_OUT or delivered > 0
