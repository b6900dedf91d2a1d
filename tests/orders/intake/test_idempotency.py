"""The same idempotency key again: the same order is the one that was made, another one is refused by name."""

import threading
from dataclasses import fields, replace
from typing import Any, Final

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection

from orders.errors import KeyReused, OrderError
from orders.intake import submission
from orders.intake.drafts import LineDraft, OrderDraft
from orders.intake.idempotency import hash_contents
from orders.models import Order, OutboxMessage
from orders.permissions import TerminalOperator
from tests.database import past_the_rules
from tests.making import make_draft, make_user

OTHER: Final[dict[str, Any]] = {
    "customer_name": "Emma Exampel",
    "customer_email": "emma@example.org",
    "address_line": "Long Street 2",
    "address_postcode": "10117",
    "address_city": "Bern",
    "address_country": "NL",
    "currency": "USD",
    "lines": (LineDraft("MUG-1", "Mug", 3, 1250),),
    "address_line2": "Flat 2",
    "address_state": "Berlin",
    "customer_company": "Example Ltd",
    "customer_phone": "+49 30 123456",
    "customer_reference": "C-1",
    "payment_method": "pm_1",
    "shop_order_number": "WEB-1",
    "metadata": {"cart": "1"},
}
OTHER_LINES: Final = (
    (LineDraft("MUG-2", "Mug", 2, 1250),),
    (LineDraft("MUG-1", "Cup", 2, 1250),),
    (LineDraft("MUG-1", "Mug", 1, 2500),),
    (LineDraft("MUG-1", "Mug", 2, 1251),),
    (LineDraft("MUG-1", "Mug", 2, 1250, weight_grams=300),),
    (LineDraft("MUG-1", "Mug", 2, 1250, weight_grams=301),),
    (LineDraft("MUG-1", "Mug", 1, 1250), LineDraft("MUG-1", "Mug", 1, 1250)),
)


def submit(actor: User, *, key: str = "form-1", **changes: Any) -> Order:
    return submission.submit_order(make_draft(**changes), actor=actor, idempotency_key=key)


def other_clerk(name: str, *codenames: str) -> User:
    """Return somebody with no role, but these permissions."""
    user = make_user(name)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


class TestHash:
    def test_every_fact_of_a_draft_counts(self) -> None:
        assert OTHER.keys() == {field.name for field in fields(OrderDraft)}
        drafts = [make_draft(), *(make_draft(**{name: value}) for name, value in OTHER.items())]
        drafts += [make_draft(lines=lines) for lines in OTHER_LINES]
        assert len({hash_contents(draft) for draft in drafts}) == len(drafts)

    def test_the_order_of_lines_counts(self) -> None:
        one, other = LineDraft("A", "A", 1, 1), LineDraft("B", "B", 1, 1)
        assert hash_contents(make_draft(lines=(one, other))) != hash_contents(make_draft(lines=(other, one)))

    def test_a_fact_does_not_count_as_its_neighbour(self) -> None:
        one = make_draft(address_line="Way 1", address_line2="", address_state="Flat 2")
        other = make_draft(address_line="Way 1", address_line2="Flat 2", address_state="")
        assert hash_contents(one) != hash_contents(other)

    def test_stored_hashes_stay_what_they_are(self) -> None:
        """One that changes belongs to a new version: orders in the tables have the former one.

        This one is from before lines had weights.
        """
        draft = make_draft(customer_name="Zoë Wójcik", lines=(LineDraft("MUG-1", "Mug", 2, 1250),))
        assert hash_contents(draft) == "1:4e6aa060a7f91a2f4caded73d30b72b4dba2ba899fda104e12f591d8fdf04194"


@pytest.mark.django_db
class TestSameKey:
    def test_the_same_order_is_the_one_that_was_made(self, alice: User) -> None:
        first = submit(alice)
        assert submit(alice) == first
        assert Order.objects.count() == OutboxMessage.objects.count() == 1

    def test_what_tidying_takes_out_makes_no_other_order(self, alice: User) -> None:
        assert submit(alice) == submit(alice, customer_name="  Emma\u200b Example ")

    @pytest.mark.parametrize("name", OTHER)
    def test_another_order_is_refused_by_name(self, alice: User, name: str) -> None:
        made = submit(alice)
        with pytest.raises(KeyReused, match=made.order_id) as caught:
            submit(alice, **{name: OTHER[name]})
        assert caught.value.order_id == made.order_id
        assert Order.objects.get().contents_hash == made.contents_hash
        assert OutboxMessage.objects.count() == 1

    def test_another_order_id_is_another_order(self, alice: User) -> None:
        facts: dict[str, Any] = {"actor": alice, "idempotency_key": "form-1"}
        made = submission.submit_order(make_draft(), order_id="order-ONE", **facts)
        assert submission.submit_order(make_draft(), order_id="order-ONE", **facts) == made
        assert submission.submit_order(make_draft(), **facts) == made
        with pytest.raises(KeyReused, match="order-ONE"):
            submission.submit_order(make_draft(), order_id="order-TWO", **facts)

    @pytest.mark.parametrize("stored", ["", "0:abc"])
    def test_an_order_without_a_hash_of_this_version_is_compared_by_what_it_holds(
        self, alice: User, stored: str
    ) -> None:
        changes = {**OTHER, "lines": (*OTHER["lines"], *OTHER_LINES[-1], LineDraft("POT", "Pot", 1, 100, 900))}
        made = submit(alice, **changes)
        with past_the_rules():
            Order.objects.update(contents_hash=stored)
        assert submit(alice, **changes) == made
        for name in OTHER:
            with pytest.raises(KeyReused, match=made.order_id):
                submit(alice, **{**changes, name: getattr(make_draft(), name)})

    def test_another_key_makes_another_order(self, alice: User) -> None:
        assert submit(alice) != submit(alice, key="form-2")


@pytest.mark.django_db
class TestSomebodyElse:
    def test_who_may_look_gets_the_order_or_its_name(self, alice: User) -> None:
        made, other = submit(alice), make_user("otto", "clerk")
        assert submit(other) == made
        with pytest.raises(KeyReused, match=made.order_id):
            submit(other, customer_name="Other")

    @pytest.mark.parametrize("changes", [{}, {"customer_name": "Other"}], ids=["same", "other"])
    def test_who_may_not_look_learns_nothing_of_the_order(self, alice: User, changes: dict[str, Any]) -> None:
        made = submit(alice)
        with pytest.raises(KeyReused) as caught:
            submit(other_clerk("otto", "add_order"), **changes)
        assert caught.value.order_id == ""
        assert made.order_id not in str(caught.value)
        assert str(caught.value).startswith("This idempotency key has already been used by someone else.")

    def test_ones_own_order_is_named_to_who_may_not_look(self) -> None:
        otto = other_clerk("otto", "add_order")
        made = submit(otto)
        assert submit(otto) == made
        with pytest.raises(KeyReused, match=made.order_id):
            submit(otto, customer_name="Other")

    def test_the_terminal_and_the_form_share_their_keys(self, alice: User) -> None:
        made, nina = submit(alice), TerminalOperator("nina")
        assert submission.submit_order(make_draft(), actor=nina, idempotency_key="form-1") == made
        with pytest.raises(KeyReused, match=made.order_id):
            submission.submit_order(replace(make_draft(), customer_name="O"), actor=nina, idempotency_key="form-1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_same", [True, False], ids=["same contents", "other contents"])
def test_of_many_at_once_one_makes_an_order_and_nobody_is_misled(is_same: bool) -> None:
    alice, gate = make_user("alice", "clerk"), threading.Barrier(6)
    answers: list[Order | OrderError] = []

    def work(number: int) -> None:
        name = "Emma" if is_same else f"Emma {number}"
        gate.wait(60)
        try:
            order = submit(alice, customer_name=name)
            assert order.customer_name == name
            answers.append(order)
        except OrderError as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(gate.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    made = Order.objects.get()
    assert len(answers) == gate.parties
    refusals = [answer for answer in answers if not isinstance(answer, Order)]
    assert len(refusals) == (0 if is_same else gate.parties - 1)
    assert all(isinstance(refusal, KeyReused) and refusal.order_id == made.order_id for refusal in refusals)
    assert OutboxMessage.objects.count() == 1
