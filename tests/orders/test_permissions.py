"""orders.permissions: who may do what."""

import pytest
from django.contrib.auth.models import Group, User

from orders import permissions
from orders.decisions import decide
from orders.errors import NotAllowed, OwnOrder
from orders.intake import submission
from orders.permissions import TerminalOperator
from orders.states import DecisionKind
from tests.making import MakeOrder, make_draft, make_user

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


class TestOwnOrder:
    def test_the_account_tells_whatever_it_is_called_by_now(self, bob: User, dana: User) -> None:
        order = submission.submit_order(make_draft(), actor=make_user("t_clap", "clerk"), idempotency_key="1")
        person = User.objects.get(username="t_clap")
        person.groups.add(*bob.groups.all())
        for name in ("T_Clap", "somebody-else", "t_clap"):
            User.objects.filter(pk=person.pk).update(username=name)
            with pytest.raises(OwnOrder):
                permissions.check_may_decide(User.objects.get(pk=person.pk), DecisionKind.APPROVE, order)
        permissions.check_may_decide(dana, DecisionKind.APPROVE, order)

    @pytest.mark.parametrize("submitter", ["bob", "BOB", "Bob", "\uff42\uff4f\uff42"])
    def test_an_order_from_the_terminal_is_that_of_its_name(
        self, bob: User, make_order: MakeOrder, submitter: str
    ) -> None:
        order = make_order(submitted_by=submitter)
        assert order.submitter_account_id is None
        with pytest.raises(OwnOrder):
            permissions.check_may_decide(bob, DecisionKind.APPROVE, order)

    def test_the_name_of_an_account_that_is_gone_is_not_taken_over(self, alice: User) -> None:
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key="1")
        alice.delete()
        heir = make_user("Alice", "approver")
        assert heir.pk != order.submitter_account_id
        with pytest.raises(OwnOrder):
            permissions.check_may_decide(heir, DecisionKind.APPROVE, order)

    def test_deleting_an_account_leaves_its_trail(self, alice: User, bob: User) -> None:
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key="1")
        decide.approve_order(order, actor=bob)
        before = (list(order.events.values()), list(order.decisions.values()))
        alice_id = alice.pk
        alice.delete()
        bob.delete()
        order.refresh_from_db()
        assert (order.submitted_by, order.submitter_account_id, order.decided_by) == ("alice", alice_id, "bob")
        assert (list(order.events.values()), list(order.decisions.values())) == before

    def test_the_account_of_a_shell_stands_for_nobody(self, make_order: MakeOrder) -> None:
        order = make_order(submitted_by="root")
        assert not permissions.is_own_order(TerminalOperator("root", is_named=False), order)
        assert permissions.is_own_order(TerminalOperator("Root"), order)


def test_no_role_opens_the_temporal_web_ui(alice: User, bob: User, charlie: User, admin_user: User) -> None:
    assert not any(map(permissions.may_open_temporal_ui, (alice, bob, charlie)))
    assert permissions.may_open_temporal_ui(admin_user)
