"""Refunds that meet: two at once, the same one twice, and a refund against a cancellation."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Final

from orders.decisions import refunds
from orders.models import GatewayMovement, Order, Payment, Refund
from orders.payments.refund import sum_of_refunds
from orders.states import Status
from tests.faults.browser import Browser
from tests.faults.of_decisions import approve, cancel, race, submit
from tests.faults.of_deploys import hold_orders, hold_workers
from tests.faults.people import Story
from tests.faults.stage import Fault, Stage
from tests.making import Colleague, make_user
from tests.waiting import wait_until

# So many times two people can ask for more than half of what is left, until nothing is.
ROUNDS: Final = 10
# Every so many rounds it is one person, whose browser sends the form twice.
TWICE: Final = 4
PART: Final = 1000
LONGEST_SECONDS: Final = 120
CLICKS: Final = 50


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


def click_fifty_times(stage: Stage) -> None:
    """Send the form of a refund fifty times at once, over HTTP: once what it asks for, and never above the charge."""
    stage.stack.start_web()
    stage.afterwards.callback(stage.stack.web.stop)
    make_user("bob", "approver")
    browser = Browser(stage.stack.web_port, "bob")
    raced = [submit(stage) for _ in range(max(1, stage.orders // 2))]
    for story, order in raced:
        approve(order)
        story.taken.append("approve")
    _wait_for(raced, Status.COMPLETED)
    for _, order in raced:
        # Of 25.00: once 10.00 of the same form; once 10.00 of the 15.00 that are left; ten times 0.50 of 5.00.
        assert _click(browser, order, "10.00", ["one"] * CLICKS) == CLICKS, "the same form was refused"
        assert _click(browser, order, "10.00", [f"other-{number}" for number in range(CLICKS)]) == 1
        assert _click(browser, order, "0.50", [f"small-{number}" for number in range(CLICKS)]) == 10
        amounts = sorted(order.payment.refunds.values_list("amount", flat=True))
        assert amounts == [50] * 10 + [1000] * 2, f"{order}: {amounts}"
    _wait_for_refunds(raced)
    given_back = GatewayMovement.objects.filter(kind="REFUND")
    for _, order in raced:
        amounts = sorted(given_back.filter(merchant_reference=order.order_id).values_list("amount", flat=True))
        assert amounts == [50] * 10 + [1000] * 2, f"{order}: the gateway gave back {amounts}"


def _click(browser: Browser, order: Order, amount: str, keys: Sequence[str]) -> int:
    """Send a form for each key, all at once; return how many were taken, the others being refused in a sentence."""
    start = threading.Barrier(len(keys))

    def send(key: str) -> int:
        start.wait()
        fields = {
            "key": f"{order.order_id[-12:]}-{key}",
            "amount": amount,
            "reason_code": "OTHER",
            "reason": "Scratched",
        }
        return browser.ask(f"/orders/{order.order_id}/refund/", fields)[0]

    with ThreadPoolExecutor(len(keys)) as people:
        statuses = Counter(people.map(send, keys))
    assert set(statuses) <= {HTTPStatus.OK, HTTPStatus.CONFLICT}, statuses
    return statuses[HTTPStatus.OK]


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
    Fault("refund-clicked", "The form of a refund is sent fifty times at once, and fifty forms are", click_fifty_times),
    Fault("refund-and-cancel", "One refunds a part, another one cancels", refund_and_cancel),
)
