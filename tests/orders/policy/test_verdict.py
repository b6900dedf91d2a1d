"""Which rule decides, what an order is asked for, and that later changes of a rule leave it alone."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, transaction

from orders import contracts
from orders.events import EventKind
from orders.intake.receipt import validate_order
from orders.labels import describe_event
from orders.models import Order
from orders.policy import changes
from orders.policy.labels import describe_rule
from orders.policy.verdict import Verdict, judge, read_kept, read_rules
from orders.postgres.clock import database_now
from orders.states import Channel, Outcome, Status
from tests.making import MakeOrder
from tests.orders.policy.asking import ADMIN, change_rules, make_rule

pytestmark = pytest.mark.django_db


def verdict_of(order: Order) -> Verdict:
    return judge(order, list(order.lines.all()), read_rules())


def validate(order: Order) -> contracts.OrderValidated:
    deadline = (database_now() + timedelta(hours=1)).isoformat()
    return validate_order(contracts.ValidateOrder(order.order_id, deadline))


class TestPrecedence:
    def test_without_rules_one_approval_is_needed(self, make_order: MakeOrder) -> None:
        order = make_order()
        assert (order.approvals_needed, order.policy, verdict_of(order)) == (1, None, Verdict())

    def test_the_lowest_number_decides(self, make_order: MakeOrder) -> None:
        make_rule("second", precedence=20, approvals_needed=2)
        make_rule("first", precedence=10, approvals_needed=0)
        verdict = verdict_of(make_order("CREATED"))
        assert verdict.approvals_needed == 0
        assert [(rule.name, rule.decides) for rule in verdict.rules] == [("first", True), ("second", False)]

    def test_a_rule_that_does_not_apply_decides_nothing(self, make_order: MakeOrder) -> None:
        make_rule("first", precedence=10, approvals_needed=0, countries=["FR"])
        make_rule("second", precedence=20, approvals_needed=2)
        verdict = verdict_of(make_order("CREATED"))
        assert (verdict.approvals_needed, [rule.name for rule in verdict.rules]) == (2, ["second"])

    def test_of_the_same_number_the_strictest_decides(self, make_order: MakeOrder) -> None:
        senior = Group.objects.create(name="senior")
        make_rule("a", approvals_needed=0)
        make_rule("b", approvals_needed=2, deadline_seconds=7200)
        make_rule("c", approvals_needed=1, level=senior, deadline_seconds=3600)
        make_rule("d", approvals_needed=2, precedence=101, deadline_seconds=60)
        verdict = verdict_of(make_order("CREATED"))
        assert (verdict.approvals_needed, verdict.deadline_seconds) == (2, 3600)
        assert [level.name for level in verdict.levels] == ["senior"]
        assert [rule.decides for rule in verdict.rules] == [True, True, True, False]

    def test_a_rule_that_is_switched_off_is_passed_over(self, make_order: MakeOrder) -> None:
        make_rule(approvals_needed=2, is_enabled=False)
        assert verdict_of(make_order("CREATED")) == Verdict()


class TestWhatAnOrderKeeps:
    def test_the_rules_as_they_were(self, make_order: MakeOrder) -> None:
        rule = make_rule("Large orders", approvals_needed=2, total_above=2000, currency="EUR", explanation="Call them.")
        order = make_order()
        rule.name, rule.total_above, rule.approvals_needed = "Renamed", 9999, 1
        changes.save_rule(rule, actor=ADMIN)
        changes.remove_rule(rule, actor=ADMIN)
        order.refresh_from_db()
        kept = read_kept(order.policy, order.approvals_needed)
        assert order.approvals_needed == 2
        assert [(each.name, each.explanation, describe_rule(each)) for each in kept.rules] == [
            ("Large orders", "Call them.", "Total above 20.00 EUR: two approvers")
        ]

    def test_its_history_says_what_is_needed(self, make_order: MakeOrder) -> None:
        make_rule("Large orders", approvals_needed=2)
        event = make_order().events.get(kind=EventKind.AWAITING_APPROVAL)
        assert describe_event(event.kind, event.data) == ("Awaiting approval", "Large orders: two approvers")

    def test_an_order_of_no_rule_keeps_nothing(self, make_order: MakeOrder) -> None:
        make_rule(approvals_needed=2, countries=["FR"])
        order = make_order()
        event = order.events.get(kind=EventKind.AWAITING_APPROVAL)
        assert (order.policy, order.approvals_needed, list(event.data)) == (None, 1, ["deadline"])

    def test_what_another_release_kept_is_passed_over(self) -> None:
        kept = {
            "rules": [{"id": 1, "name": "x", "approvals_needed": 2, "explanation": "", "conditions": [], "mood": 1}],
            "levels": [{"id": 1, "name": "senior", "colour": "red"}],
        }
        assert read_kept(kept, 2).rules[0].name == "x"

    def test_a_rule_that_was_changed_while_it_was_looked_at_is_looked_at_again(
        self, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_rule(approvals_needed=0)
        order = make_order("VALIDATED")
        rules = read_rules()
        change_rules(approvals_needed=2)
        with monkeypatch.context() as patch:
            patch.setattr("orders.intake.receipt.read_rules", lambda: rules)
            with pytest.raises(DatabaseError, match="no rule of the policy says so"), transaction.atomic():
                validate(order)
        assert validate(order).approvals_needed == 2


class TestDeadline:
    def test_a_rule_may_have_its_own(self, make_order: MakeOrder) -> None:
        make_rule(deadline_seconds=600)
        order = make_order("VALIDATED")
        answer = validate(order)
        order.refresh_from_db()
        assert order.approval_deadline is not None
        assert timedelta(minutes=9) < order.approval_deadline - database_now() <= timedelta(minutes=10)
        assert answer.deadline == order.approval_deadline.isoformat()

    def test_asked_again_it_stays(self, make_order: MakeOrder) -> None:
        make_rule(deadline_seconds=600, approvals_needed=2)
        order = make_order("VALIDATED")
        assert validate(order) == validate(order)


class TestNoApprovalNeeded:
    def test_the_policy_approves(self, make_order: MakeOrder) -> None:
        make_rule("Small orders", approvals_needed=0)
        order = make_order("VALIDATED")
        answer = validate(order)
        order.refresh_from_db()
        decision = order.decisions.get()
        assert (decision.channel, decision.kind, decision.outcome) == (Channel.POLICY, "approve", Outcome.PENDING)
        assert (order.status, order.decision, order.decider) == ("PENDING_MANUAL_APPROVAL", "approve", "the policy")
        assert answer.approvals == (contracts.Decision(decision.decision_id, contracts.POLICY_ACTOR),)
        assert validate(order) == answer
        assert order.decisions.count() == 1

    def test_it_is_charged_without_a_person(self, make_order: MakeOrder) -> None:
        make_rule("Small orders", approvals_needed=0)
        order = make_order("COMPLETED")
        assert (order.status, order.decided_by) == (Status.COMPLETED, contracts.POLICY_ACTOR)
        assert order.decisions.get().outcome == Outcome.ACCEPTED
        [event] = order.events.filter(kind=EventKind.APPROVED)
        assert (event.title, event.who) == ("Approved by the policy", "the policy")

    def test_what_somebody_decided_before_stays(self, make_order: MakeOrder) -> None:
        make_rule(approvals_needed=0)
        order = make_order("CANCELLING", cancelled_from="VALIDATED")
        assert not order.decisions.filter(channel=Channel.POLICY).exists()
