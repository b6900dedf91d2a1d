"""More orders than the workers can take at once: thousands have arrived when the workers come, and people go on."""

import time
from typing import Final

from orders.models import Order
from orders.states import Status
from tests.faults.people import Wish
from tests.faults.stage import Fault, Stage
from tests.waiting import wait_until

# So long may each order take until it waits for a decision, one after another.
SECONDS_EACH: Final = 0.5


def overload(stage: Stage) -> None:
    """Submit thousands of orders while no worker is there; when one comes, people submit and approve as always.

    Those who work in the middle of it get what they were told, and in the end all orders wait for a decision, which
    takes effect like any other.
    """
    stage.stack.stop_workers()
    waiting = stage.plan(stage.overload, wishes=[Wish.LEAVE])
    for story in waiting:
        story.pause = 0.0
    stage.let_live(waiting)
    stage.heal()
    with stage.people(wishes=[Wish.APPROVE]):
        pass
    ids = [story.order_id for story in waiting]
    there = Order.objects.filter(order_id__in=ids, status=Status.PENDING_MANUAL_APPROVAL)
    longest = 60 + SECONDS_EACH * len(ids)
    wait_until(lambda: there.count() == len(ids), seconds=longest, what="the wait of all orders", every=1.0)
    settled_after = time.monotonic() - (stage.healed_at or 0)
    decided = waiting[: stage.orders]
    for story in decided:
        story.wish = Wish.APPROVE
    stage.let_live(decided)
    stage.wait_for_completed(2 * stage.orders)
    stage.healed_at = time.monotonic() - settled_after


OF_LOAD: Final = (Fault("overload", "Thousands of orders have arrived before a worker does", overload, is_alone=True),)
