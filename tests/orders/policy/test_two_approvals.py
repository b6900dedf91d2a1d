"""Where the policy asks for two approvals, they are two people's with accounts, whatever is clicked, sent or forged."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders import contracts
from orders.decisions import closing, decide
from orders.errors import AlreadyDecided, ApprovalRefused, DecisionRefused, OwnOrder
from orders.events import EventKind
from orders.intake.receipt import validate_order
from orders.models import GatewayMovement, Order, Payment
from orders.payments.charge import charge_payment
from orders.permissions import Actor, TerminalOperator
from orders.postgres.clock import database_now
from orders.states import Channel, Outcome, ReasonCode, Status
from tests.making import build_order, make_user
from tests.orders.policy.asking import ask_for, make_rule

pytestmark = pytest.mark.django_db


def charge(order: Order, decision: contracts.Decision) -> contracts.PaymentCharged:
    return charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, decision))


def taken(order: Order, by: str) -> contracts.Decision:
    """Return the decision of somebody as it reaches the workflow."""
    return contracts.Decision(order.decisions.exclude(channel=Channel.TEMPORAL).get(actor=by).decision_id, by)


def early(by: Actor, **facts: Any) -> Order:
    """Return an order that was approved before the policy was asked, and then asked for by a rule with these facts."""
    order = build_order("VALIDATED")
    decide.approve_order(order, actor=by)
    make_rule(**facts)
    deadline = (database_now() + timedelta(hours=1)).isoformat()
    validate_order(contracts.ValidateOrder(order.order_id, deadline))
    order.refresh_from_db()
    return order


class TestTheFirst:
    def test_it_leaves_the_order_waiting(self, bob: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        deadline = order.approval_deadline
        order.refresh_from_db()
        assert (order.status, order.decision, order.is_awaiting_decision) == (Status.PENDING_MANUAL_APPROVAL, "", True)
        assert (order.approvals_given, order.approval_deadline) == (1, deadline)
        event = order.events.get(kind=EventKind.APPROVED)
        assert (event.title, event.actor) == ("Approved, 1 of 2", "bob")

    def test_the_charge_does_not_follow_it(self, bob: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        for _ in range(2):
            answer = charge(order, taken(order, "bob"))
            assert (answer.is_approval_refused, answer.counting) == (True, (taken(order, "bob").decision_id,))
        order.refresh_from_db()
        assert (order.status, order.decisions.get().outcome) == (Status.PENDING_MANUAL_APPROVAL, Outcome.ACCEPTED)
        assert not Payment.objects.filter(order=order).exists()

    def test_the_same_person_cannot_give_the_second(self, bob: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        with pytest.raises(AlreadyDecided, match=r"It needs 2 approvals: 1 given, 1 more by someone else\."):
            decide.approve_order(order, actor=bob)
        assert order.decisions.count() == 1

    def test_the_order_can_still_be_cancelled(self, bob: User, dana: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        decide.cancel_order(order, actor=bob, reason="Changed my mind")
        with pytest.raises(DecisionRefused, match="Too late to approve: bob requested cancellation"):
            decide.approve_order(order, actor=dana)
        facts = contracts.ProcessCancellation(order.order_id, ReasonCode.STAFF, "")
        assert closing.process_cancellation(facts).is_cancelled

    def test_the_deadline_cancels_the_order(self, bob: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        timeout = contracts.ProcessCancellation(order.order_id, ReasonCode.APPROVAL_TIMEOUT, "")
        assert closing.process_cancellation(timeout).is_cancelled
        order.refresh_from_db()
        assert order.reason_code == ReasonCode.APPROVAL_TIMEOUT
        assert order.decisions.get().outcome == Outcome.TOO_LATE


class TestTheSecond:
    def test_the_charge_follows_both(self, bob: User, dana: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        charge(order, taken(order, "bob"))
        decide.approve_order(order, actor=dana)
        assert not charge(order, taken(order, "dana")).is_approval_refused
        order.refresh_from_db()
        assert (order.status, order.approvals_given, order.decided_by) == (Status.PAID, 2, "dana")
        assert [each.outcome for each in order.decisions.all()] == [Outcome.ACCEPTED] * 2

    def test_it_counts_before_the_first_reached_the_workflow(self, bob: User, dana: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        decide.approve_order(order, actor=dana)
        assert not charge(order, taken(order, "bob")).is_approval_refused
        assert [each.outcome for each in order.decisions.all()] == [Outcome.ACCEPTED] * 2

    def test_a_third_is_refused(self, bob: User, dana: User) -> None:
        order = ask_for(2)
        for person in (bob, dana):
            decide.approve_order(order, actor=person)
        with pytest.raises(AlreadyDecided, match="dana approved the order"):
            decide.approve_order(order, actor=make_user("erik", "approver"))

    def test_the_deadline_does_not_beat_it(self, bob: User, dana: User) -> None:
        order = ask_for(2)
        for person in (bob, dana):
            decide.approve_order(order, actor=person)
        timeout = contracts.ProcessCancellation(order.order_id, ReasonCode.APPROVAL_TIMEOUT, "")
        assert closing.process_cancellation(timeout).approval == taken(order, "dana")


class TestFromOutside:
    @pytest.mark.parametrize("name", ["dana", "", "BOB", "alice"])
    def test_it_never_counts(self, bob: User, dana: User, name: str) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        claim = contracts.Decision("claimed", name)
        answer = charge(order, claim)
        assert (answer.is_approval_refused, answer.counting) == (True, (taken(order, "bob").decision_id,))
        order.refresh_from_db()
        assert (order.status, order.approvals_given) == (Status.PENDING_MANUAL_APPROVAL, 1)
        claimed = order.decisions.get(channel=Channel.TEMPORAL)
        assert claimed.outcome == Outcome.REFUSED
        decide.approve_order(order, actor=dana)
        assert not charge(order, taken(order, "dana")).is_approval_refused

    def test_the_id_of_the_first_is_no_second(self, bob: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=bob)
        claim = contracts.Decision(taken(order, "bob").decision_id, "dana")
        assert charge(order, claim).is_approval_refused
        assert order.decisions.count() == 1

    def test_two_of_them_charge_nothing(self) -> None:
        order = ask_for(2)
        for number, name in enumerate(("bob", "dana", "erik")):
            assert charge(order, contracts.Decision(f"claimed-{number}", name)).counting == ()
        assert not GatewayMovement.objects.exists()

    def test_one_that_arrives_after_both_changes_nothing(self, bob: User, dana: User) -> None:
        order = ask_for(2)
        for person in (bob, dana):
            decide.approve_order(order, actor=person)
        assert not charge(order, contracts.Decision("claimed", "erik")).is_approval_refused
        order.refresh_from_db()
        assert (order.decided_by, order.decisions.get(actor="erik").outcome) == ("dana", Outcome.REFUSED)

    def test_one_of_a_group_s_order_does_not_count(self) -> None:
        order = ask_for(1, level="senior")
        assert charge(order, contracts.Decision("claimed", "dana")).is_approval_refused
        assert order.events.get(kind=EventKind.DECISION_REFUSED).data["code"] == "POLICY"


class TestWhoCannot:
    def test_the_terminal_has_no_account(self) -> None:
        with pytest.raises(ApprovalRefused, match="needs 2 approvals by people with an account"):
            decide.approve_order(ask_for(2), actor=TerminalOperator("bob"))

    def test_the_submitter(self, bob: User) -> None:
        with pytest.raises(OwnOrder):
            decide.approve_order(ask_for(2, submitted_by="bob"), actor=bob)

    def test_a_superuser_on_an_own_order_not_even_with_a_reason(self, admin_user: User) -> None:
        order = ask_for(2, submitted_by="admin")
        with pytest.raises(ApprovalRefused, match="You submitted this order, so your approval is not one of the 2"):
            decide.approve_order(order, actor=admin_user, reason="Nobody else is here")

    def test_a_superuser_twice(self, admin_user: User) -> None:
        order = ask_for(2)
        decide.approve_order(order, actor=admin_user)
        with pytest.raises(AlreadyDecided):
            decide.approve_order(order, actor=admin_user)


class TestBeforeTheOrderIsValidated:
    """An approval may come before the policy was asked, as while Temporal is away."""

    def test_it_counts_on_as_the_first_of_two(self, bob: User, dana: User) -> None:
        order = early(bob, approvals_needed=2)
        assert (order.decision, order.approvals_given, order.decided_at) == ("", 1, None)
        decide.approve_order(order, actor=dana)
        order.refresh_from_db()
        assert (order.decided_by, order.approvals_given) == ("dana", 2)

    def test_the_terminal_s_does_not(self) -> None:
        order = early(TerminalOperator("bob"), approvals_needed=2)
        assert (order.decision, order.approvals_given) == ("", 0)
        assert order.decisions.get().outcome == Outcome.REFUSED
        event = order.events.get(kind=EventKind.DECISION_REFUSED)
        assert (event.title, event.actor) == ("An approval was not accepted", "bob")

    def test_one_without_the_level_does_not(self, bob: User) -> None:
        order = early(bob, level="senior")
        assert (order.decision, order.decisions.get().outcome) == ("", Outcome.REFUSED)
        assert charge(order, taken(order, "bob")).is_approval_refused
        assert order.events.filter(kind=EventKind.DECISION_REFUSED).count() == 1

    def test_one_with_the_level_does(self, admin_user: User) -> None:
        order = early(admin_user, level="senior")
        assert (order.decision, order.decided_by) == ("approve", "admin")
        assert not charge(order, taken(order, "admin")).is_approval_refused

    def test_where_nothing_more_is_asked_it_stays(self, bob: User) -> None:
        assert early(bob, approvals_needed=1).decided_by == "bob"

    def test_where_nothing_is_asked_it_stays(self, bob: User) -> None:
        order = early(bob, approvals_needed=0)
        assert (order.decided_by, order.decisions.get().channel) == ("bob", Channel.CONSOLE)
