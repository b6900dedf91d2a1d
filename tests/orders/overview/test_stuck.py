"""orders.overview.stuck: every open order is counted under the first thing that keeps it from moving."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orders.decisions.comment import add_comment
from orders.decisions.tags import add_tag
from orders.events import EventKind
from orders.lifecycle import attempts
from orders.lifecycle.history import add_event
from orders.lifecycle.troubles import raise_trouble
from orders.models import Decision, Order, OrderEvent, OutboxMessage
from orders.overview import stuck
from orders.overview.stuck import StuckCause, StuckGroup, find_stuck
from orders.states import Outcome, Status, TroubleCode
from tests.database import past_the_rules
from tests.making import MakeOrder, approve

pytestmark = pytest.mark.django_db


def only() -> StuckGroup:
    """Return the only group that there is."""
    [group] = find_stuck()
    return group


def age_events(order: Order, span: timedelta = timedelta(minutes=10)) -> None:
    with past_the_rules():
        OrderEvent.objects.filter(order=order).update(at=timezone.now() - span)


def test_an_order_that_moves_is_not_named(make_order: MakeOrder) -> None:
    make_order(Status.CHARGING_PAYMENT)
    make_order(Status.COMPLETED)
    make_order(Status.CANCELLED)
    assert find_stuck() == []


def test_orders_that_wait_for_a_person_come_last(make_order: MakeOrder) -> None:
    waiting = make_order()
    troubled = make_order()
    raise_trouble(troubled, TroubleCode.RUN_PAUSED, "somebody paused it")
    first, last = find_stuck()
    assert (first.cause, first.orders[0].order_id) == (TroubleCode.RUN_PAUSED, troubled.order_id)
    assert first.orders[0].detail == "somebody paused it"
    assert (last.cause, last.orders[0].order_id, last.count) == (StuckCause.WAITING, waiting.order_id, 1)


def test_a_trouble_counts_before_anything_else(make_order: MakeOrder) -> None:
    order = make_order(deadline_seconds=-60)
    assert only().cause == StuckCause.OVERDUE
    raise_trouble(order, TroubleCode.RUN_FAILING)
    assert only().cause == TroubleCode.RUN_FAILING


def test_an_order_past_its_deadline_has_been_so_since_then(make_order: MakeOrder) -> None:
    order = make_order(deadline_seconds=-60)
    assert (only().cause, only().since) == (StuckCause.OVERDUE, order.approval_deadline)


def test_messages_that_have_not_been_sent_are_told_apart(make_order: MakeOrder) -> None:
    unsent, decided = make_order(Status.CREATED, is_delivered=False), make_order()
    approve(decided)
    assert {group.cause for group in find_stuck()} <= {StuckCause.WAITING}, "a moment ago is no delay"
    long_ago = timezone.now() - timedelta(minutes=1)
    pending = OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING)
    pending.update(created_at=long_ago, last_error="nobody answers")
    found = {group.cause: group for group in find_stuck()}
    assert set(found) == {StuckCause.START_UNSENT, StuckCause.DECISION_UNSENT}
    assert found[StuckCause.START_UNSENT].orders[0].order_id == unsent.order_id
    assert found[StuckCause.DECISION_UNSENT].orders[0].detail == "nobody answers"
    assert found[StuckCause.DECISION_UNSENT].since == long_ago


def test_a_refused_message_is_told_with_the_refusal(make_order: MakeOrder) -> None:
    order = make_order()
    approve(order)
    OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING).update(status="REFUSED", last_error="too large")
    assert (only().cause, only().orders[0].detail) == (StuckCause.MESSAGE_REFUSED, "too large")


def test_an_unanswered_decision_is_told_after_a_while(make_order: MakeOrder) -> None:
    order = make_order()
    approve(order)
    order.outbox_messages.update(status=OutboxMessage.Status.DELIVERED)
    assert find_stuck() == []
    with past_the_rules():
        Decision.objects.update(taken_at=timezone.now() - timedelta(minutes=5))
    assert only().cause == StuckCause.DECISION_UNANSWERED
    with past_the_rules():
        Decision.objects.update(outcome=Outcome.ACCEPTED, answered_at=timezone.now())
    assert find_stuck() == []


def test_retries_are_grouped_by_step_and_end_with_the_next_event(make_order: MakeOrder) -> None:
    one, other = make_order(Status.CHARGING_PAYMENT), make_order(Status.PAID)
    attempts.record_failed_attempt(one.order_id, "charge_payment", 3, "the gateway said 503")
    attempts.record_failed_attempt(other.order_id, "prepare_package", 1, "no answer")
    found = {group.step: group for group in find_stuck()}
    assert {group.cause for group in found.values()} == {StuckCause.RETRYING}
    assert found["charge_payment"].orders[0].detail == "the gateway said 503"
    assert found["prepare_package"].orders[0].order_id == other.order_id


def test_what_people_write_beside_it_does_not_hide_what_holds_an_order_up(make_order: MakeOrder, bob: User) -> None:
    order = make_order(Status.CHARGING_PAYMENT)
    attempts.record_failed_attempt(order.order_id, "charge_payment", 3, "the gateway said 503")
    add_comment(order, actor=bob, text="I have called the gateway.")
    add_tag(order, actor=bob, text="gateway")
    assert (only().cause, only().step) == (StuckCause.RETRYING, "charge_payment")


@pytest.mark.parametrize("kind", [EventKind.REMINDED, EventKind.ESCALATED, EventKind.DEADLINE_EXTENDED])
def test_an_order_has_waited_since_it_began_to_wait_whoever_was_told_of_it(
    make_order: MakeOrder, kind: EventKind
) -> None:
    order = make_order()
    age_events(order)
    since = only().since
    add_event(order, kind, {}, key="told")
    assert (only().cause, only().since) == (StuckCause.WAITING, since)


def test_an_order_in_motion_without_news_is_told_by_its_status(make_order: MakeOrder) -> None:
    order = make_order(Status.PAID)
    age_events(order)
    assert (only().cause, only().step) == (StuckCause.NOT_MOVING, Status.PAID)


def test_all_are_counted_and_the_longest_held_up_named(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    orders = [make_order(deadline_seconds=-60 * number) for number in range(1, 5)]
    monkeypatch.setattr(stuck, "EXAMPLES", 2)
    with django_assert_num_queries(3):  # the orders, and refunds of two kinds
        group = only()
    assert group.count == 4
    assert [order.order_id for order in group.orders] == [orders[3].order_id, orders[2].order_id]
    assert group.since == orders[3].approval_deadline
