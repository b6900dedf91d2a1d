"""Decisions that meet: two people at once, and a person against the deadline or the workflow."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.test import override_settings

from orders import contracts
from orders.decisions import decide
from orders.engine import temporal
from orders.errors import DecisionRefused, RefundRefused
from orders.intake import submission
from orders.models import Order, PolicyRule
from orders.policy import changes
from orders.states import OPEN, Outcome, Status
from tests.faults.people import Story, Wish
from tests.faults.stage import Fault, Stage
from tests.making import ONE_LINE, Colleague, make_draft, make_user
from tests.waiting import wait_until

# The article that two people have to approve, and who is said to have done so.
OF_TWO: Final = "TWO-1"
CLAIMANTS: Final = ("bob", "dana", "mallory")
# How often a browser sends the same form at once.
SENDERS: Final = 50
Act = Callable[[Order], object]


def approve(order: Order, by: str = "bob") -> object:
    return decide.approve_order(order, actor=Colleague(by, pk=hash(by) % 1000))


def cancel(order: Order) -> object:
    return decide.cancel_order(order, actor=Colleague("dana"), reason="Customer called")


def approve_too(order: Order) -> object:
    return approve(order, by="dana")


def submit(stage: Stage, *, order_id: str = "", **changes: Any) -> tuple[Story, Order]:
    """Submit an order whose story is told by who wins."""
    (story,) = stage.plan(1, wishes=[Wish.LEAVE])
    clerk = Colleague("alice", pk=None)
    order = submission.submit_order(make_draft(**changes), actor=clerk, idempotency_key=story.key, order_id=order_id)
    story.order_id = order.order_id
    return story, order


def race(story: Story, order: Order, runners: Mapping[str, Act], *, turn: int) -> None:
    """Let two people act at the same time, or one right after the other, and remember what each was told.

    By turns: at once, the first one first, the second one first.
    """
    start = threading.Barrier(len(runners))

    def run(kind: str, act: Act, *, waits: bool) -> None:
        if waits:
            start.wait()
        try:
            act(order)
        except (DecisionRefused, RefundRefused):
            story.refused.append(kind)
        else:
            story.taken.append(kind)
        finally:
            if waits:
                connection.close()

    if turn % 3 == 0:
        threads = [threading.Thread(target=run, args=(*each,), kwargs={"waits": True}) for each in runners.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for kind, act in list(runners.items())[:: 1 if turn % 3 == 1 else -1]:
            run(kind, act, waits=False)


def two_approvers(stage: Stage) -> None:
    """Two people approve the same order: one counts, and it is charged once."""
    for turn in range(stage.races):
        story, order = submit(stage)
        race(story, order, {"approve": approve, "approve too": approve_too}, turn=turn)
        assert len(story.taken) == 1, f"{order}: {story.taken}"
        story.taken = ["approve"]


def approve_and_cancel(stage: Stage) -> None:
    """One approves and another one cancels: a cancellation that was taken counts."""
    for turn in range(stage.races):
        story, order = submit(stage)
        race(story, order, {"approve": approve, "cancel": cancel}, turn=turn)


def cancel_and_charge(stage: Stage) -> None:
    """Somebody cancels at the moment in which the workflow charges, ships or completes."""
    raced = []
    for _ in range(stage.races):
        story, order = submit(stage)
        approve(order)
        story.taken.append("approve")
        raced.append((story, order))
        if len(raced) > 2:
            race(*raced.pop(0), {"cancel": cancel}, turn=1)
    for story, order in raced:
        race(story, order, {"cancel": cancel}, turn=1)


def approve_and_deadline(stage: Stage) -> None:
    """Somebody approves in the second of the deadline: it counts, or they are told that it is too late."""
    with override_settings(ORDER_APPROVAL_TIMEOUT=2):
        for turn in range(stage.orders):
            story, order = submit(stage)
            wait_until(partial(_has_deadline, order), seconds=60, what="the wait for a decision")
            threading.Event().wait(1.7 + 0.5 * turn / stage.orders)
            race(story, order, {"approve": approve}, turn=1)
            if not story.taken:
                story.taken = ["cancel"]  # by the deadline
    still_open = Order.objects.filter(order_id__in=[story.order_id for story in stage.stories], status__in=OPEN)
    wait_until(lambda: not still_open.exists(), seconds=60, what="the end of all")


def _has_deadline(order: Order) -> bool:
    order.refresh_from_db()
    return order.status != Status.CREATED and order.approval_deadline is not None


def same_form(stage: Stage) -> None:
    """Somebody's browser sends the same form fifty times at once: one order."""
    (story,) = stage.plan(1, wishes=[Wish.LEAVE])
    ids: list[str] = []
    start = threading.Barrier(SENDERS)

    def send() -> None:
        start.wait()
        try:
            order = submission.submit_order(make_draft(), actor=Colleague("alice", pk=None), idempotency_key=story.key)
            ids.append(order.order_id)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = Order.objects.filter(idempotency_key=story.key).count()
    assert (made, len(ids), len(set(ids))) == (1, SENDERS, 1), f"one form made {made} orders, and {len(ids)} answers"
    story.order_id = ids[0]
    approve(Order.objects.get(order_id=story.order_id))
    story.taken.append("approve")


def one_of_two(stage: Stage) -> None:
    """Approve once what the policy wants two people for, and send Temporal whatever looks like a second approval."""
    people = make_user("bob", "approver"), make_user("dana", "approver")
    lines = (replace(ONE_LINE[0], sku=OF_TWO),)
    if not PolicyRule.objects.filter(name="Two people").exists():
        changes.save_rule(PolicyRule(name="Two people", approvals_needed=2, skus=[OF_TWO]), actor=Colleague("admin"))
    for turn in range(stage.orders):
        story, order = submit(stage, lines=lines)
        wait_until(partial(_has_deadline, order), seconds=60, what="the wait for a decision")
        decide.approve_order(order, actor=people[0])
        for actor in CLAIMANTS:
            claim = contracts.Decision(str(UUID(int=stage.dice.getrandbits(128))), actor)
            temporal.signal_decision(order.order_id, contracts.APPROVE_SIGNAL, claim)
        wait_until(partial(_has_refused, order), seconds=60, what="the refusal of what Temporal was sent")
        order.refresh_from_db()
        assert order.status == Status.PENDING_MANUAL_APPROVAL, f"{order} is {order.status} with one approval of two"
        if turn % 2:
            decide.approve_order(order, actor=people[1])
            story.taken.append("approve")


def _has_refused(order: Order) -> bool:
    order.refresh_from_db()
    is_past = order.status not in {Status.CREATED, Status.VALIDATED, Status.PENDING_MANUAL_APPROVAL}
    return is_past or order.decisions.filter(outcome=Outcome.REFUSED).count() >= 1


OF_DECISIONS: Final = (
    Fault("one-approver-of-two", "One of the two people whom the policy asks approves, and many claim to", one_of_two),
    Fault("same-form", "The same form is sent fifty times at once", same_form, is_short=True),
    Fault("two-approvers", "Two people approve at once", two_approvers),
    Fault("approve-and-cancel", "One approves, another one cancels", approve_and_cancel, is_short=True),
    Fault("cancel-and-charge", "Somebody cancels while the order is charged and shipped", cancel_and_charge),
    Fault("approve-and-deadline", "Somebody approves in the second of the deadline", approve_and_deadline),
)
