"""orders.deadlines.extend: an order waits longer for its decision, for a reason."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from pytest_django import Settings

from orders import contracts
from orders.deadlines.extend import LEFT_TO_FINISH, confirm_deadline, extend_deadline, read_until
from orders.decisions import closing
from orders.decisions.decide import approve_order, cancel_order
from orders.engine import temporal
from orders.errors import DecisionRefused, NotAllowed, OrderClosed, OrderError, OrderInvalid, TooLate
from orders.events import EventKind
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OutboxMessage, Payment
from orders.payments.authorise import CAPTURE_TAKES
from orders.permissions import TerminalOperator
from orders.postgres.clock import database_now
from orders.states import ReasonCode, Status
from tests.making import Colleague, MakeOrder, make_user, submit
from tests.waiting import ask_run, wait_for_status, wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    """An order of alice's that waits for a decision."""
    return make_order()


def deadline_of(order: Order) -> datetime:
    order.refresh_from_db()
    assert order.approval_deadline is not None
    return order.approval_deadline


def time_out(order: Order, deadline: datetime | str) -> contracts.CancellationProcessed:
    """Do what the workflow does once the deadline that it knows has passed."""
    known = deadline if isinstance(deadline, str) else deadline.isoformat()
    expired = contracts.ProcessCancellation(order.order_id, ReasonCode.APPROVAL_TIMEOUT, "", deadline=known)
    return closing.process_cancellation(expired)


def test_the_order_waits_longer_and_its_history_says_why(order: Order, bob: User) -> None:
    old, version = deadline_of(order), order.version
    message = extend_deadline(order, actor=bob, hours=3, reason=" The customer\u200b answers tomorrow ")
    new = old + timedelta(hours=3)
    assert (deadline_of(order), order.version) == (new, version + 1)
    told = order.events.get(kind=EventKind.DEADLINE_EXTENDED)
    assert (told.actor, told.data) == (
        "bob",
        {
            "channel": "CONSOLE",
            "old": old.isoformat(),
            "new": new.isoformat(),
            "reason": "The customer answers tomorrow",
        },
    )
    assert (message.name, message.payload["deadline"]) == ("extend_deadline", new.isoformat())
    assert OutboxMessage.objects.get(pk=message.pk).key == told.key


def test_it_may_be_extended_again_until_a_time(order: Order, bob: User) -> None:
    extend_deadline(order, actor=bob, hours=1, reason="First")
    until = deadline_of(order) + timedelta(minutes=90)
    extend_deadline(order, actor=bob, until=until, reason="Second")
    assert deadline_of(order) == until
    assert order.events.filter(kind=EventKind.DEADLINE_EXTENDED).count() == 2


def test_the_terminal_says_whose_shell_it_was(order: Order) -> None:
    extend_deadline(order, actor=TerminalOperator("dana", shell_user="root"), hours=1, reason="Asked by telephone")
    told = order.events.get(kind=EventKind.DEADLINE_EXTENDED)
    assert told.who == "dana, according to root at the terminal"


def test_only_approvers_of_others_orders_may(order: Order, make_order: MakeOrder, alice: User, bob: User) -> None:
    own = make_order(submitted_by="bob")
    for actor, which, words in (
        (alice, order, "Your account cannot extend deadlines"),
        (make_user("charlie", "viewer"), order, "Your account cannot extend deadlines"),
        (bob, own, "You submitted this order"),
    ):
        with pytest.raises(NotAllowed, match=words):
            extend_deadline(which, actor=actor, hours=1, reason="x")
    extend_deadline(own, actor=make_user("root", is_superuser=True), hours=1, reason="x")
    assert not order.events.filter(kind=EventKind.DEADLINE_EXTENDED).exists()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": -1}, "hours"),
        ({"hours": 10_001}, "hours"),
        ({"hours": 10_000}, "hours"),
        ({}, "hours"),
        ({"hours": 1, "until": datetime.fromisoformat("2030-01-01T00:00+00:00")}, "hours"),
        ({"until": datetime.fromisoformat("2020-01-01T00:00+00:00")}, "until"),
        ({"until": datetime.fromisoformat("2090-01-01T00:00+00:00")}, "until"),
        ({"hours": 1, "reason": "\u200b "}, "reason"),
    ],
)
def test_what_cannot_be_meant_is_refused(order: Order, bob: User, wanted: dict[str, Any], field: str) -> None:
    old = deadline_of(order)
    with pytest.raises(OrderInvalid) as refused:
        extend_deadline(order, actor=bob, **{"reason": "x", **wanted})
    assert list(refused.value.fields) == [field]
    assert deadline_of(order) == old


def test_a_new_deadline_is_later_than_the_old_one(order: Order, bob: User) -> None:
    old = deadline_of(order)
    for until in (old, old - timedelta(seconds=1)):
        with pytest.raises(OrderInvalid, match="Enter a time later than the deadline that the order has"):
            extend_deadline(order, actor=bob, until=until, reason="x")
    extend_deadline(order, actor=bob, until=old + timedelta(microseconds=1), reason="x")


def test_temporal_has_to_leave_the_run_time_to_finish(order: Order, bob: User, settings: Settings) -> None:
    latest = order.created_at + timedelta(seconds=settings.ORDER_WORKFLOW_TIMEOUT) - LEFT_TO_FINISH
    with pytest.raises(OrderInvalid, match="at most: no order waits longer"):
        extend_deadline(order, actor=bob, until=latest + timedelta(microseconds=1), reason="x")
    extend_deadline(order, actor=bob, until=latest, reason="x")
    assert deadline_of(order) == latest


def test_it_never_waits_longer_than_its_money_is_held(make_order: MakeOrder, bob: User, settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "authorised"
    order = make_order(payment_method="sim_auth_2500_EUR")
    until = Payment.objects.get(order=order).authorised_until
    assert until is not None
    latest = until - CAPTURE_TAKES
    with pytest.raises(OrderInvalid, match="at most: the customer's money is held for little longer"):
        extend_deadline(order, actor=bob, until=latest + timedelta(microseconds=1), reason="x")
    extend_deadline(order, actor=bob, until=latest, reason="x")
    assert deadline_of(order) == latest


def test_once_somebody_has_decided_it_is_too_late(make_order: MakeOrder, bob: User) -> None:
    for decide, words in ((approve_order, "bob approved the order"), (cancel_order, "bob requested cancellation")):
        order = make_order()
        decide(order, actor=bob)
        with pytest.raises(TooLate, match=f"Too late to extend the deadline: {words}"):
            extend_deadline(order, actor=bob, hours=1, reason="x")


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.PENDING_MANUAL_APPROVAL}))
def test_only_an_order_that_waits_has_a_deadline_to_extend(make_order: MakeOrder, bob: User, status: str) -> None:
    order = make_order(status)
    words = "does not wait for a decision yet" if status in {"CREATED", "VALIDATED"} else "Too late to extend"
    with pytest.raises(DecisionRefused, match=words):
        extend_deadline(order, actor=bob, hours=1, reason="x")


def test_a_deadline_that_has_passed_stays(make_order: MakeOrder, bob: User) -> None:
    order = make_order(deadline_seconds=-1)
    with pytest.raises(TooLate, match="Too late to extend the deadline: it was"):
        extend_deadline(order, actor=bob, hours=1, reason="x")


def test_who_knows_an_older_deadline_is_told_of_the_new_one(order: Order, bob: User) -> None:
    seen = deadline_of(order)
    extend_deadline(order, actor=bob, hours=1, reason="x", seen=seen)
    with pytest.raises(DecisionRefused, match="Somebody has extended the deadline to"):
        extend_deadline(order, actor=bob, hours=1, reason="x", seen=seen)
    assert deadline_of(order) == seen + timedelta(hours=1)


class TestAtTheDeadline:
    def test_an_extension_that_came_first_lets_the_order_wait(self, order: Order, bob: User) -> None:
        old = deadline_of(order)
        extend_deadline(order, actor=bob, hours=1, reason="x")
        answer = time_out(order, old)
        assert (answer.is_cancelled, answer.deadline) == (False, deadline_of(order).isoformat())
        assert order.status == Status.PENDING_MANUAL_APPROVAL
        assert time_out(order, answer.deadline).is_cancelled

    def test_one_that_comes_second_is_too_late(self, order: Order, bob: User) -> None:
        assert time_out(order, deadline_of(order)).is_cancelled
        with pytest.raises(TooLate, match="Too late to extend the deadline: the order is cancelled"):
            extend_deadline(order, actor=bob, hours=1, reason="x")

    def test_a_run_of_an_earlier_release_does_not_wait_on(self, order: Order, bob: User) -> None:
        """It would not understand the answer, and take it for an approval."""
        extend_deadline(order, actor=bob, hours=1, reason="x")
        assert time_out(order, "").is_cancelled

    def test_a_decision_counts_for_more_than_a_later_deadline(self, order: Order, bob: User) -> None:
        old = deadline_of(order)
        extend_deadline(order, actor=bob, hours=1, reason="x")
        cancel_order(order, actor=bob)
        answer = time_out(order, old)
        assert answer.cancellation is not None
        assert answer.cancellation.actor == "bob"

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("is_extended_first", [True, False])
    def test_of_both_at_once_one_wins(self, make_order: MakeOrder, is_extended_first: bool) -> None:
        """Each holds the order's lock while the other one waits for it."""
        order, bob = make_order(), make_user("bob", "approver")
        old = deadline_of(order)
        verbs: list[Any] = [
            lambda: extend_deadline(order, actor=bob, hours=1, reason="x"),
            lambda: time_out(order, old),
        ]
        first, second = verbs if is_extended_first else reversed(verbs)
        is_locked, has_begun = threading.Event(), threading.Event()

        def hold_and_do() -> object:
            try:
                with transaction.atomic():
                    lock_order(order.order_id)
                    is_locked.set()
                    has_begun.wait(10)
                    threading.Event().wait(0.2)
                    return first()
            finally:
                connection.close()

        def do_then() -> object:
            is_locked.wait(10)
            has_begun.set()
            try:
                return second()
            except OrderError as error:
                return error
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as threads:
            done = [threads.submit(hold_and_do), threads.submit(do_then)]
            answers = [each.result(30) for each in done]
        order.refresh_from_db()
        if is_extended_first:
            assert isinstance(answers[1], contracts.CancellationProcessed)
            assert (answers[1].is_cancelled, order.status) == (False, Status.PENDING_MANUAL_APPROVAL)
            assert deadline_of(order) == old + timedelta(hours=1)
        else:
            assert isinstance(answers[1], TooLate)
            assert (order.status, deadline_of(order)) == (Status.CANCELLED, old)


class TestWhatTheWorkflowIsTold:
    def test_it_is_the_deadline_of_the_row(self, order: Order) -> None:
        assert confirm_deadline(contracts.ConfirmDeadline(order.order_id)).deadline == deadline_of(order).isoformat()

    def test_a_final_order_has_none(self, make_order: MakeOrder) -> None:
        with pytest.raises(OrderClosed):
            confirm_deadline(contracts.ConfirmDeadline(make_order("CANCELLED").order_id))

    def test_an_order_that_does_not_wait_yet_has_none(self, make_order: MakeOrder) -> None:
        assert confirm_deadline(contracts.ConfirmDeadline(make_order("CREATED").order_id)).deadline == ""


@pytest.mark.parametrize(
    ("text", "time"),
    [("2026-11-30T18:00", "2026-11-30T18:00+00:00"), (" 2026-11-30T18:00+02:00", "2026-11-30T16:00+00:00")],
)
def test_a_time_is_read(text: str, time: str) -> None:
    assert read_until(text) == datetime.fromisoformat(time)


@pytest.mark.parametrize("text", ["", "tomorrow", "0001-01-01T00:00+23:59", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(OrderInvalid, match="Write the time as"):
        read_until(text)


@pytest.mark.django_db(transaction=True)
def test_the_workflow_follows_the_tables_and_no_claim(workers_running: object, settings: Settings) -> None:
    settings.ORDER_APPROVAL_TIMEOUT = 600
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    old = deadline_of(order)
    claim = contracts.DeadlineExtended((old + timedelta(days=1)).isoformat(), "erik", "Because I say so")
    temporal.signal_decision(order.order_id, contracts.EXTEND_SIGNAL, claim)
    assert ask_run(order).deadline == old.isoformat()
    message = extend_deadline(order, actor=Colleague("bob"), hours=2, reason="x")
    new = (old + timedelta(hours=2)).isoformat()
    wait_until(lambda: ask_run(order).deadline == new, what="the later deadline")
    message.refresh_from_db()
    assert message.status == OutboxMessage.Status.DELIVERED
    assert ask_run(order).waiting_for == "approval"
    approve_order(order, actor=Colleague("bob"))
    wait_for_status(order, Status.COMPLETED)


@pytest.mark.django_db(transaction=True)
def test_an_order_outlives_its_first_deadline(workers_running: object, settings: Settings) -> None:
    settings.ORDER_APPROVAL_TIMEOUT = 3
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    old = deadline_of(order)
    extend_deadline(order, actor=Colleague("bob"), until=old + timedelta(seconds=4), reason="x")
    wait_until(lambda: database_now() > old + timedelta(seconds=1.5), what="the first deadline")
    order.refresh_from_db()
    assert order.status == Status.PENDING_MANUAL_APPROVAL
    wait_for_status(order, Status.CANCELLED)
    assert order.reason_code == ReasonCode.APPROVAL_TIMEOUT
