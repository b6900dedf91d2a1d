"""How much somebody may approve, and at which level."""

import pytest
from django.contrib.auth.models import Group, User

from orders import contracts
from orders.decisions import decide
from orders.decisions.batches import count_results, create_batch
from orders.decisions.chunks import decide_chunk
from orders.decisions.preview import preview_decision
from orders.errors import ApprovalRefused
from orders.models import Order
from orders.permissions import TerminalOperator
from orders.policy.approvers import list_candidates
from orders.states import BatchResult, DecisionKind
from tests.making import MakeOrder, make_user
from tests.orders.policy.asking import ask_for, make_limit

pytestmark = pytest.mark.django_db


def limit(whom: User | str, amount: int, currency: str = "EUR") -> None:
    make_limit(whom if isinstance(whom, User) else Group.objects.get_or_create(name=whom)[0], amount, currency)


def is_approved(order: Order, by: User) -> bool:
    try:
        decide.approve_order(order, actor=by)
    except ApprovalRefused:
        return False
    return True


class TestLimit:
    def test_a_total_above_it_is_refused(self, make_order: MakeOrder, bob: User) -> None:
        limit(bob, 2499)
        with pytest.raises(
            ApprovalRefused, match=r"The total of 25\.00 EUR is above your approval limit of 24\.99 EUR\."
        ):
            decide.approve_order(make_order(), actor=bob)

    def test_a_total_up_to_it_is_approved(self, make_order: MakeOrder, bob: User) -> None:
        limit(bob, 2500)
        assert is_approved(make_order(), bob)

    def test_others_are_not_bound_by_it(self, make_order: MakeOrder, bob: User, dana: User) -> None:
        limit(bob, 1)
        assert is_approved(make_order(), dana)

    def test_a_group_gives_it_to_its_members(self, make_order: MakeOrder, bob: User, dana: User) -> None:
        limit("junior", 1000)
        bob.groups.add(Group.objects.get(name="junior"))
        assert not is_approved(make_order(), bob)
        assert is_approved(make_order(), dana)

    def test_of_several_groups_the_highest_counts(self, make_order: MakeOrder, bob: User) -> None:
        for name, amount in (("junior", 1000), ("senior", 5000)):
            limit(name, amount)
            bob.groups.add(Group.objects.get(name=name))
        assert is_approved(make_order(), bob)

    def test_that_of_the_account_goes_before_those_of_groups(self, make_order: MakeOrder, bob: User) -> None:
        limit("senior", 5000)
        bob.groups.add(Group.objects.get(name="senior"))
        limit(bob, 1000)
        assert not is_approved(make_order(), bob)

    def test_without_one_for_the_currency_nothing_is_approved(self, make_order: MakeOrder, bob: User) -> None:
        limit(bob, 10**9, "USD")
        with pytest.raises(ApprovalRefused, match="You have no approval limit for EUR"):
            decide.approve_order(make_order(), actor=bob)

    def test_it_binds_superusers_who_have_one(self, make_order: MakeOrder, admin_user: User) -> None:
        limit(admin_user, 1)
        assert not is_approved(make_order(), admin_user)

    def test_cancelling_is_not_limited(self, make_order: MakeOrder, bob: User) -> None:
        limit(bob, 1)
        decide.cancel_order(make_order(), actor=bob, reason="Customer called")

    def test_a_bulk_decision_keeps_it(self, make_order: MakeOrder, bob: User) -> None:
        limit(bob, 1)
        pks = [make_order().pk, make_order().pk]
        (left_out,) = preview_decision(pks, DecisionKind.APPROVE, actor=bob).left_out
        assert (left_out.result, left_out.count) == (BatchResult.POLICY, 2)
        assert all("above your approval limit" in sentence for _, sentence in left_out.named)
        batch = create_batch(pks, DecisionKind.APPROVE, actor=bob)
        decide_chunk(contracts.DecideChunk(batch.batch_id))
        assert count_results(batch) == {BatchResult.POLICY: 2}

    def test_the_terminal_has_none(self, make_order: MakeOrder, bob: User) -> None:
        limit(bob, 1)
        decide.approve_order(make_order(), actor=TerminalOperator("bob"))


class TestLevel:
    def test_members_alone_approve(self, bob: User, dana: User) -> None:
        order = ask_for(1, level="senior")
        with pytest.raises(ApprovalRefused, match=r"Only members of senior may approve this order\."):
            decide.approve_order(order, actor=bob)
        dana.groups.add(Group.objects.get(name="senior"))
        assert is_approved(order, dana)

    def test_superusers_stand_in(self, admin_user: User) -> None:
        assert is_approved(ask_for(1, level="senior"), admin_user)

    def test_it_counts_for_both_of_two(self, bob: User, dana: User) -> None:
        order = ask_for(2, level="senior")
        dana.groups.add(Group.objects.get(name="senior"))
        assert is_approved(order, dana)
        assert not is_approved(order, bob)


def test_who_may_still_approve(make_order: MakeOrder, bob: User, dana: User, admin_user: User) -> None:
    make_user("charlie", "viewer")
    for name in ("erik", "alice"):
        make_user(name, "approver")
    User.objects.create(username="gone", is_active=False, is_superuser=True)
    limit(make_user("junior", "approver"), 100)
    order = make_order(submitted_by="alice")
    assert list_candidates(order, level_ids=[], approved_by=[dana.pk, None]) == ["admin", "bob", "erik"]
    senior = Group.objects.create(name="senior")
    bob.groups.add(senior)
    assert list_candidates(order, level_ids=[senior.pk], approved_by=[]) == ["admin", "bob"]
