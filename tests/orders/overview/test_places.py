"""The place of an order among those that wait for a person, whatever has become of the order beside it."""

import pytest
from django.contrib.auth.models import User

from orders.decisions import decide
from orders.models import Order
from orders.overview.places import Place, Step, read_place
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(make_order: MakeOrder) -> list[Order]:
    """Four orders that wait, the two in the middle until the same moment."""
    orders = [make_order(deadline_seconds=600 * number) for number in (1, 2, 3, 4)]
    orders[1].refresh_from_db()
    Order.objects.filter(pk=orders[2].pk).update(approval_deadline=orders[1].approval_deadline)
    return orders


def find(step: Step, beside: Order | None, person: User) -> Place:
    return read_place(step, beside.order_id if beside else "", username=person.get_username(), account_id=person.pk)


def test_each_step_finds_its_neighbour(bob: User, orders: list[Order]) -> None:
    ids = [order.order_id for order in orders]
    assert find(Step.FIRST, None, bob) == Place(ids[0], 0, 4)
    assert [find(Step.AT, order, bob) for order in orders] == [Place(ids[each], each, 4) for each in range(4)]
    assert [find(Step.AFTER, order, bob) for order in orders] == [
        *(Place(ids[each], each, 4) for each in (1, 2, 3)),
        Place("", 4, 4),
    ]
    assert [find(Step.BEFORE, order, bob) for order in orders] == [
        Place("", 0, 4),
        *(Place(ids[each], each, 4) for each in (0, 1, 2)),
    ]


def test_a_decided_order_keeps_its_place_for_its_neighbours(bob: User, orders: list[Order]) -> None:
    decide.approve_order(orders[1], actor=make_user("dana", "approver"))
    ids = [order.order_id for order in orders]
    assert find(Step.AT, orders[1], bob) == Place(ids[2], 1, 3)
    assert find(Step.AFTER, orders[1], bob) == Place(ids[2], 1, 3)
    assert find(Step.BEFORE, orders[1], bob) == Place(ids[0], 0, 3)


def test_beside_an_order_that_is_not_there_nothing_is_found(bob: User, orders: list[Order]) -> None:
    assert read_place(Step.AFTER, "order-X", username="bob", account_id=bob.pk) == Place("", 0, 4)
