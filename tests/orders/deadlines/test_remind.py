"""orders.deadlines.remind: approvers are reminded of an order, and it is escalated, each once."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from orders import contracts
from orders.contracts import WaitMark
from orders.deadlines.extend import extend_deadline
from orders.deadlines.remind import remind_approvers
from orders.decisions.decide import approve_order
from orders.errors import OrderClosed
from orders.events import EventKind
from orders.models import Notice, Order, PolicyRule
from orders.policy import changes
from orders.states import NoticeKind
from tests.asking import text_of
from tests.making import MakeOrder, make_user
from tests.orders.notifications.test_making import make_all, told
from tests.orders.policy.asking import ADMIN, make_rule
from tests.orders.policy.test_changes import check_rules

pytestmark = pytest.mark.django_db
TOLD = (EventKind.REMINDED, EventKind.ESCALATED)


def come_to(mark: WaitMark, order: Order, **changes: Any) -> str:
    """Do what the workflow does at a mark, and return what is answered."""
    assert order.approval_deadline is not None
    facts = {"mark": mark, "deadline": order.approval_deadline.isoformat()} | changes
    return remind_approvers(contracts.RemindApprovers(order.order_id, **facts)).deadline


def events(order: Order) -> list[tuple[str, dict[str, Any]]]:
    return list(order.events.filter(kind__in=TOLD).values_list("kind", "data"))


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order()


def test_each_is_an_event_that_is_written_once(order: Order) -> None:
    assert order.approval_deadline is not None
    for mark in (WaitMark.REMINDER, WaitMark.ESCALATION) * 2:
        assert come_to(mark, order) == ""
    facts = {"deadline": order.approval_deadline.isoformat()}
    assert events(order) == [("order.reminded", facts), ("order.escalated", facts)]


def test_an_extended_order_is_not_reminded_again(order: Order, bob: User) -> None:
    come_to(WaitMark.REMINDER, order)
    extend_deadline(order, actor=bob, hours=5, reason="x")
    order.refresh_from_db()
    come_to(WaitMark.REMINDER, order)
    come_to(WaitMark.ESCALATION, order)
    assert [kind for kind, _ in events(order)] == ["order.reminded", "order.escalated"]


def test_a_run_that_has_not_heard_of_an_extension_is_told_of_it(order: Order, bob: User) -> None:
    old = order.approval_deadline
    extend_deadline(order, actor=bob, hours=5, reason="x")
    assert old is not None
    later = (old + timedelta(hours=5)).isoformat()
    assert (come_to(WaitMark.REMINDER, order), events(order)) == (later, [])


def test_nobody_is_told_of_an_order_that_is_decided(order: Order, bob: User) -> None:
    approve_order(order, actor=bob)
    assert (come_to(WaitMark.REMINDER, order), come_to(WaitMark.ESCALATION, order), events(order)) == ("", "", [])


def test_one_of_two_approvals_leaves_it_waiting(make_order: MakeOrder, bob: User) -> None:
    make_rule(approvals_needed=2)
    order = make_order()
    approve_order(order, actor=bob)
    come_to(WaitMark.ESCALATION, order)
    assert [kind for kind, _ in events(order)] == ["order.escalated"]


def test_a_final_order_is_refused(make_order: MakeOrder) -> None:
    with pytest.raises(OrderClosed):
        come_to(WaitMark.REMINDER, make_order("CANCELLED"))


class TestToWhom:
    @pytest.fixture
    def supervisors(self) -> Group:
        group = Group.objects.create(name="supervisors")
        make_user("sam", "viewer").groups.add(group)
        return group

    def test_the_policy_names_a_group(self, make_order: MakeOrder, supervisors: Group, bob: User) -> None:
        make_rule(escalate_to=supervisors)
        order = make_order()
        come_to(WaitMark.ESCALATION, order)
        assert events(order)[0][1]["group"] == "supervisors"
        make_all()
        assert told(NoticeKind.ESCALATED) == ["sam"]

    def test_without_a_group_all_are_told_who_may_approve(self, order: Order, bob: User, dana: User) -> None:
        come_to(WaitMark.ESCALATION, order)
        make_all()
        assert told(NoticeKind.ESCALATED) == ["bob", "dana"]
        assert Notice.objects.filter(kind=NoticeKind.ESCALATED).count() == 2

    def test_it_is_the_group_that_the_rule_named_when_it_applied(
        self, make_order: MakeOrder, supervisors: Group
    ) -> None:
        rule = make_rule(escalate_to=supervisors)
        order, other = make_order(), make_order()
        rule.escalate_to = None
        changes.save_rule(rule, actor=ADMIN)
        check_rules()
        supervisors.name = "team leads"
        supervisors.save()
        come_to(WaitMark.ESCALATION, order)
        assert events(order)[0][1]["group"] == "team leads", "under the name that it has now"
        supervisors.delete()
        come_to(WaitMark.ESCALATION, other)
        assert "group" not in events(other)[0][1]

    def test_of_the_rules_that_decide_the_first_that_names_one_counts(
        self, make_order: MakeOrder, supervisors: Group
    ) -> None:
        make_rule("first")
        make_rule("second", escalate_to=supervisors)
        make_rule("third", escalate_to=Group.objects.create(name="others"))
        make_rule("later", precedence=200, escalate_to=Group.objects.create(name="nobody"))
        order = make_order()
        assert order.policy is not None
        assert order.policy["escalate_to"] == {"id": supervisors.pk, "name": "supervisors"}
        assert PolicyRule.objects.count() == 4


def test_the_page_says_so_while_the_order_waits(client: Client, order: Order, bob: User) -> None:
    client.force_login(bob)
    words = "To everybody who may approve it."
    assert words not in text_of(client.get(order.get_absolute_url()))
    come_to(WaitMark.ESCALATION, order)
    assert text_of(client.get(order.get_absolute_url())).count(words) == 2, "beside the decision, and in the timeline"
    approve_order(order, actor=bob)
    assert text_of(client.get(order.get_absolute_url())).count(words) == 1
