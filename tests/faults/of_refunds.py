"""Refunds that meet: two at once, the same one twice, and a refund against a cancellation."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from orders.decisions import refunds
from orders.models import Order, Payment, Refund
from orders.payments.refund import sum_of_refunds
from orders.states import Status
from tests.faults.of_decisions import approve, cancel, race, submit
from tests.faults.of_deploys import hold_orders, hold_workers
from tests.faults.people import Story
from tests.faults.stage import Fault, Stage
from tests.making import Colleague
from tests.waiting import wait_until

# So many times two people can ask for more than half of what is left, until nothing is.
ROUNDS: Final = 10
# Every so many rounds it is one person, whose browser sends the form twice.
TWICE: Final = 4
PART: Final = 1000
LONGEST_SECONDS: Final = 120


def ask(order: Order, *, by: str, key: str, amount: int) -> object:
    return refunds.request_refund(order, actor=Colleague(by), key=key, amount=amount, reason="Scratched")


def double_refund(stage: Stage) -> None:
    """Two people give back more than half of what is left: one does, and no more than the charge goes back."""
    raced = [submit(stage) for _ in range(max(1, stage.races // ROUNDS))]
    for story, order in raced:
        approve(order)
        story.taken.append("approve")
    _wait_for(raced, Status.COMPLETED)
    for number in range(ROUNDS):
        for turn, (story, order) in enumerate(raced):
            _ask_twice(story, order, turn=turn + number, is_same=number % TWICE == TWICE - 1)
            assert order.payment.refunds.count() == number + 1, f"{order}: two refunds of more than half were taken"
    _wait_for_refunds(raced)


def _ask_twice(story: Story, order: Order, *, turn: int, is_same: bool) -> None:
    payment = Payment.objects.get(order=order)
    amount = (payment.amount - sum_of_refunds(payment)) // 2 + 1
    keys = ("one", "one" if is_same else "other")
    runners = {
        f"refund {place}": partial(ask, by=by, key=f"{order.order_id[-8:]}-{amount}-{key}", amount=amount)
        for place, (by, key) in enumerate(zip(("bob", "dana"), keys, strict=True))
    }
    race(story, order, runners, turn=turn)


def refund_and_cancel(stage: Stage) -> None:
    """One gives back a part while another one cancels: the customer has all back, and nothing twice."""
    folder = hold_workers(stage)
    raced = []
    for number in range(stage.races):
        order_id = f"order-hold-prepare_package-{stage.dice.randrange(10**9)}-{number}"
        story, order = submit(stage, order_id=order_id)
        approve(order)
        story.taken.append("approve")
        raced.append((story, order))
    hold_orders(folder, [order.order_id for _, order in raced])
    for turn, (story, order) in enumerate(raced):
        part = partial(ask, by="bob", key=order.order_id[-20:], amount=PART)
        race(story, order, {"refund": part, "cancel": cancel}, turn=turn)
        assert "cancel" in story.taken, f"{order} could not be cancelled"
        assert "refund" in story.taken or turn % 3 != 1, f"{order}: a refund before the cancellation was refused"
    _wait_for(raced, Status.CANCELLED)
    stage.stack.stop_workers()


def _wait_for(raced: Sequence[tuple[Story, Order]], status: Status) -> None:
    orders = Order.objects.filter(pk__in=[order.pk for _, order in raced], status=status)
    wait_until(lambda: orders.count() == len(raced), seconds=LONGEST_SECONDS, what=f"{status} of all")


def _wait_for_refunds(raced: Sequence[tuple[Story, Order]]) -> None:
    mine = Refund.objects.filter(payment__order__in=[order.pk for _, order in raced])
    open_ones = mine.filter(status=Refund.Status.PENDING)
    wait_until(lambda: not open_ones.exists(), seconds=LONGEST_SECONDS, what="an answer to each refund")
    refused = mine.filter(status=Refund.Status.FAILED)
    assert not refused.exists(), f"the gateway refused {refused.first()}"


OF_REFUNDS: Final = (
    Fault(
        "double-refund", "Two people refund more than half of what is left, or one sends the form twice", double_refund
    ),
    Fault("refund-and-cancel", "One refunds a part, another one cancels", refund_and_cancel),
)
