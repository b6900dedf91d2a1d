"""orders.reading.standing: what SQL says of many orders is what the policy says of each."""

from itertools import product

import pytest
from django.contrib.auth.models import Group, User

from orders.intake.drafts import LineDraft
from orders.models import Order
from orders.policy.approvals import find_standing
from orders.policy.approvers import Approver
from tests.making import make_user
from tests.orders.policy.asking import ask_for, make_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(db: None) -> list[Order]:
    """Orders of three totals, two currencies and three levels."""
    return [
        ask_for(1, level=level, currency=currency, lines=(LineDraft("X", "X", 1, total),))
        for total, currency, level in product((900, 1000, 1001), ("EUR", "USD"), ("", "approver", "finance"))
    ]


@pytest.mark.parametrize("own", [None, ("EUR", 1000), ("USD", 5000)], ids=["no own", "own", "own in USD"])
@pytest.mark.parametrize("of_groups", [(), (1000,), (900, 1001)], ids=["no group's", "one group's", "two groups'"])
@pytest.mark.parametrize("is_superuser", [False, True], ids=["an approver", "a superuser"])
def test_both_say_the_same(
    orders: list[Order], own: tuple[str, int] | None, of_groups: tuple[int, ...], is_superuser: bool
) -> None:
    person = make_user("erin", "approver", is_superuser=is_superuser)
    if own is not None:
        make_limit(person, own[1], own[0])
    for number, amount in enumerate(of_groups):
        group = Group.objects.create(name=f"juniors {number}")
        person.groups.add(group)
        make_limit(group, amount)
    waiting = Order.objects.waiting_for(username=person.username, account_id=person.pk)
    assert set(waiting) == {order for order in orders if may_approve(person, order)}


def may_approve(person: User, order: Order) -> bool:
    standing = find_standing(order, Approver(person), has_limits=True)
    return not (standing.missing_levels or standing.is_above_limit)
