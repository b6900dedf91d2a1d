"""orders.permissions: who may do what."""

import pytest
from django.contrib.auth.models import Group, User

from orders import permissions
from orders.errors import NotAllowed, OwnOrder
from orders.permissions import TerminalOperator
from orders.states import DecisionKind
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def test_a_viewer_may_look_and_no_more(charlie: User) -> None:
    assert permissions.may_view(charlie)
    assert not permissions.may_submit(charlie)
    assert not any(permissions.may_decide(charlie, kind) for kind in DecisionKind)


def test_a_clerk_may_submit_and_not_decide(alice: User) -> None:
    assert permissions.may_submit(alice)
    assert not any(permissions.may_decide(alice, kind) for kind in DecisionKind)


def test_an_approver_may_decide_and_not_submit(bob: User) -> None:
    assert all(permissions.may_decide(bob, kind) for kind in DecisionKind)
    with pytest.raises(NotAllowed):
        permissions.check_may_submit(bob)


def test_nobody_approves_an_own_order_but_may_cancel_it(bob: User, make_order: MakeOrder) -> None:
    order = make_order(submitted_by="bob")
    with pytest.raises(OwnOrder):
        permissions.check_may_decide(bob, DecisionKind.APPROVE, order)
    permissions.check_may_decide(bob, DecisionKind.CANCEL, order)


def test_whoever_is_both_clerk_and_approver_still_needs_a_second_person(bob: User, make_order: MakeOrder) -> None:
    bob.groups.add(Group.objects.get_or_create(name="clerk")[0])
    with pytest.raises(OwnOrder):
        permissions.check_may_decide(bob, DecisionKind.APPROVE, make_order(submitted_by="bob"))


def test_a_shell_may_do_everything(make_order: MakeOrder) -> None:
    operator = TerminalOperator("nina")
    permissions.check_may_submit(operator)
    permissions.check_may_decide(operator, DecisionKind.APPROVE, make_order(submitted_by="nina"))
