"""orders.states: what may follow what."""

from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from orders import states
from orders.errors import IllegalTransition
from orders.labels import REASON_LABELS, STATUS_LABELS
from orders.models import Order
from orders.states import HAPPY_PATH, ReasonCode, Status
from tests.making import MakeOrder

CANCELLED_WAYS = {Status.CANCELLING, Status.CANCELLED}


def test_every_status_says_what_may_follow() -> None:
    assert set(states.TRANSITIONS) == set(Status)


def test_the_happy_path_is_legal_from_end_to_end() -> None:
    for current, following in pairwise(HAPPY_PATH):
        states.check_transition(current, following)


@pytest.mark.parametrize("status", sorted(states.OPEN - {Status.CANCELLING}))
def test_every_open_status_may_be_cancelled(status: Status) -> None:
    assert states.may_follow(Status.CANCELLING, status)


@pytest.mark.parametrize("status", sorted(states.FINAL))
def test_nothing_follows_a_final_status(status: Status) -> None:
    assert not states.TRANSITIONS[status]


def test_no_step_may_be_left_out() -> None:
    with pytest.raises(IllegalTransition, match="VALIDATED cannot become PAID"):
        states.check_transition(Status.VALIDATED, Status.PAID)


def test_cancelled_is_reached_through_cancelling_alone() -> None:
    assert [status for status in Status if states.may_follow(Status.CANCELLED, status)] == [Status.CANCELLING]


def test_a_cancelled_order_has_not_passed_the_happy_path() -> None:
    assert states.is_at_or_past(Status.PAID, Status.CHARGING_PAYMENT)
    assert not states.is_at_or_past(Status.CHARGING_PAYMENT, Status.PAID)
    assert not states.is_at_or_past(Status.CANCELLED, Status.CREATED)
    assert states.is_at_or_past(Status.CANCELLED, Status.CANCELLING)


def test_every_status_and_reason_has_words() -> None:
    assert set(STATUS_LABELS) == set(Status)
    assert set(REASON_LABELS) == set(states.ReasonCode)


@pytest.mark.django_db
@pytest.mark.parametrize("current", sorted(Status))
def test_postgresql_knows_the_same_transitions(make_order: MakeOrder, current: Status) -> None:
    order = make_order(current)
    assert order.status == current
    legal = {following for following in set(Status) - {current} if accepts(order, following)}
    assert legal == states.TRANSITIONS[current]


def accepts(order: Order, following: Status) -> bool:
    """Try the update, with all else as the other constraints want it, and take it back."""
    reason_code = (order.reason_code or ReasonCode.STAFF) if following in CANCELLED_WAYS else ""
    rows = Order.objects.filter(pk=order.pk)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE orders_order DISABLE TRIGGER order_status_stands_on_facts")
            rows.update(status=following, reason_code=reason_code, approval_deadline=timezone.now())
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True
