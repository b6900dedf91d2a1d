"""orders.decisions.withdraw: whoever submitted an order takes it back, while nobody has decided."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from orders import contracts
from orders.decisions.decide import approve_order, cancel_order
from orders.decisions.withdraw import may_be_withdrawn, withdraw_order
from orders.errors import NotAllowed, OrderError, TooLate
from orders.events import EventKind
from orders.intake import receipt, submission
from orders.lifecycle.lookup import lock_order
from orders.lifecycle.statuses import begin_cancelling
from orders.models import Decision, Order, OutboxMessage, Reason
from orders.postgres.clock import database_now
from orders.states import ReasonCode, Status
from tests.making import MakeOrder, make_draft, make_user, submit
from tests.orders.policy.asking import make_rule
from tests.waiting import wait_for_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(alice: User) -> Order:
    """An order of alice, a clerk, on which nobody has decided."""
    return submission.submit_order(make_draft(), actor=alice, idempotency_key="form", sends_now=False)


def test_it_is_a_cancellation_with_a_reason_of_its_own(order: Order, alice: User) -> None:
    message = withdraw_order(order, actor=alice, reason="Typed twice")
    decision = order.decisions.get()
    assert (decision.kind, decision.actor, decision.channel) == ("cancel", "alice", "CONSOLE")
    assert (decision.reason_code, decision.reason) == ("WITHDRAWN", "Typed twice")
    assert (message.name, message.payload["actor"]) == ("cancel_order", "alice")
    told = order.events.last()
    assert told is not None
    assert (told.kind, told.title, told.detail, told.actor) == (
        EventKind.WITHDRAWN,
        "Withdrawn by the submitter",
        "Typed twice",
        "alice",
    )
    order.refresh_from_db()
    assert (order.decision, order.decided_by, order.decision_reason_code) == ("cancel", "alice", "WITHDRAWN")


def test_others_may_not(order: Order, bob: User, charlie: User) -> None:
    for actor in (make_user("erin", "clerk"), bob, charlie, make_user("root", is_superuser=True)):
        assert not may_be_withdrawn(order, actor)
        with pytest.raises(NotAllowed, match="Only whoever submitted an order may withdraw it"):
            withdraw_order(order, actor=actor)
    assert not order.decisions.exists()


def test_who_lost_the_role_may_not(order: Order, alice: User) -> None:
    alice.groups.clear()
    with pytest.raises(NotAllowed):
        withdraw_order(order, actor=User.objects.get(pk=alice.pk))


def test_once_somebody_has_decided_it_is_too_late(alice: User, bob: User) -> None:
    for verb, words in ((approve_order, "bob approved the order on"), (cancel_order, "bob requested cancellation on")):
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key=words, sends_now=False)
        verb(order, actor=bob)
        with pytest.raises(TooLate, match=f"^Too late to withdraw: {words}"):
            withdraw_order(order, actor=alice)
        assert order.decisions.count() == 1


def test_one_of_two_approvals_is_a_decision_too(order: Order, alice: User, bob: User) -> None:
    make_rule(approvals_needed=2)
    receipt.receive_order(contracts.ReceiveOrder(order.order_id, "run"))
    deadline = (database_now() + timedelta(hours=1)).isoformat()
    receipt.validate_order(contracts.ValidateOrder(order.order_id, deadline))
    order.refresh_from_db()
    assert may_be_withdrawn(order, alice)
    approve_order(order, actor=bob)
    with pytest.raises(TooLate, match="has been approved by one"):
        withdraw_order(order, actor=alice)


def test_who_only_has_the_name_may_not(make_order: MakeOrder, alice: User) -> None:
    order = make_order(submitted_by="alice")
    assert order.submitter_account_id is None, "it was submitted at the terminal"
    with pytest.raises(NotAllowed):
        withdraw_order(order, actor=alice)


def test_an_order_that_ended_undecided_stays(order: Order, alice: User) -> None:
    with transaction.atomic():
        cancelled = contracts.ProcessCancellation(order.order_id, ReasonCode.INVALID, "No such article")
        begin_cancelling(lock_order(order.order_id), cancelled)
    with pytest.raises(TooLate, match=r"^Too late to withdraw: the order is cancelling"):
        withdraw_order(order, actor=alice)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"actor_account_id": None, "channel": "TERMINAL"}, "that another account submitted"),
        ({"actor": "bob", "actor_account_id": 1_000_000}, "that another account submitted"),
        ({"kind": "approve", "is_own_order": True, "reason": "x"}, "that another account submitted"),
    ],
)
def test_postgresql_lets_nobody_else_withdraw(order: Order, alice: User, facts: dict[str, Any], said: str) -> None:
    own = {"kind": "cancel", "actor": "alice", "actor_account_id": alice.pk, "channel": "CONSOLE"}
    with pytest.raises(IntegrityError, match=said), transaction.atomic():
        Decision.objects.create(decision_id="forged", order=order, reason_code="WITHDRAWN", **own | facts)


def test_postgresql_lets_nothing_be_withdrawn_that_was_decided(order: Order, alice: User, bob: User) -> None:
    approve_order(order, actor=bob)
    own = {"kind": "cancel", "actor": "alice", "actor_account_id": alice.pk, "channel": "CONSOLE"}
    with pytest.raises(IntegrityError, match="that was decided before"), transaction.atomic():
        Decision.objects.create(decision_id="forged", order=order, reason_code="WITHDRAWN", **own)


def test_the_shops_list_has_no_such_reason() -> None:
    with pytest.raises(IntegrityError, match="reason_is_not_that_of_withdrawing"), transaction.atomic():
        Reason.objects.create(kind="CANCEL", code="WITHDRAWN", words="Withdrawn")


@pytest.mark.django_db(transaction=True)
def test_of_an_approval_and_a_withdrawal_at_once_one_counts() -> None:
    bob, alice = make_user("bob", "approver"), make_user("alice", "clerk")
    orders = [
        submission.submit_order(make_draft(), actor=alice, idempotency_key=str(number), sends_now=False)
        for number in range(10)
    ]

    def try_to(verb: Any, order: Order, actor: User) -> bool:
        try:
            verb(order, actor=actor)
        except OrderError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as threads:
        for order in orders:
            approved = threads.submit(try_to, approve_order, order, bob)
            withdrawn = threads.submit(try_to, withdraw_order, order, alice)
            assert approved.result() is not withdrawn.result()
            assert order.decisions.get().kind == ("approve" if approved.result() else "cancel")


@pytest.mark.django_db(transaction=True)
def test_the_workflow_takes_it_as_a_cancellation(workers_running: object) -> None:
    order = submit()
    wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    withdraw_order(order, actor=make_user("alice", "clerk"), reason="Typed twice")
    wait_for_status(order, Status.CANCELLED)
    assert (order.reason_code, order.explanation) == ("STAFF", "Withdrawn by the submitter: Typed twice")
    assert order.decisions.get().outcome == "ACCEPTED"
    assert OutboxMessage.objects.filter(order=order, status=OutboxMessage.Status.DELIVERED).count() == 2
