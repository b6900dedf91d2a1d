"""What people do about refunds that the gateway refused for good, and where they are told of them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from orders.contracts import RefundInput
from orders.decisions.follow_ups import settle, try_again
from orders.decisions.refunds import request_refund
from orders.errors import NotAllowed, OrderInvalid, RefundRefused
from orders.events import EventKind
from orders.models import Order, OutboxMessage, Refund, RefundFollowUp
from orders.overview.stuck import StuckCause, find_stuck
from orders.payments.gateways.interface import RefundAnswer
from orders.payments.gateways.simulated import SimulatedGateway
from orders.payments.refund import give_back_refund
from orders.proof.divergences import Kind, _look_for_overdue
from tests.asking import HTMX, text_of
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
LINES = [{"position": 1, "sku": "MUG-1", "quantity": 1}]


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order("COMPLETED")


@pytest.fixture
def failed(order: Order, bob: User, monkeypatch: pytest.MonkeyPatch) -> Refund:
    """A refund that the gateway refused for good."""
    facts = {"reason_code": "DAMAGED", "reason": "A chip", "quantities": {1: 1}}
    refund = request_refund(order, actor=bob, key="1", amount=1250, **facts)  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        patch.setattr(SimulatedGateway, "refund", lambda self, request: RefundAnswer(is_done=False, text="Closed."))
        assert not give_back_refund(RefundInput(order.order_id, refund.key)).is_done
    refund.refresh_from_db()
    return refund


def causes() -> set[str]:
    return {group.cause for group in find_stuck()}


def divergences() -> set[str]:
    return {found.kind for found in _look_for_overdue()}


def test_it_is_told_of_until_somebody_does_something(failed: Refund, order: Order, bob: User) -> None:
    assert (causes(), divergences()) == ({StuckCause.REFUND_FAILED}, {Kind.REFUND_REFUSED})
    again = try_again(order, failed.pk, actor=bob)
    assert (causes(), divergences()) == (set(), set())
    assert try_again(order, failed.pk, actor=bob) == again, "it is tried again once, however often it is asked for"
    kept = (again.amount, again.reason_code, again.reason_words, again.reason, again.lines)
    assert kept == (1250, "DAMAGED", "Damaged or faulty", "A chip", LINES)
    assert OutboxMessage.objects.filter(key=again.key, name="refund").count() == 1
    assert give_back_refund(RefundInput(order.order_id, again.key)).is_done


def test_it_may_be_settled_in_another_way(failed: Refund, order: Order, bob: User) -> None:
    with pytest.raises(OrderInvalid):
        settle(order, failed.pk, actor=bob, note=" ")
    for _ in range(2):
        settle(order, failed.pk, actor=bob, note="By bank transfer")
    assert (causes(), divergences()) == (set(), set())
    assert order.events.filter(kind=EventKind.REFUND_SETTLED, actor="bob").count() == 1
    with pytest.raises(RefundRefused):
        settle(order, request_refund(order, actor=bob, key="2", amount=1).pk, actor=bob, note="x")


def test_it_is_for_those_who_may(failed: Refund, order: Order, alice: User, make_order: MakeOrder, bob: User) -> None:
    with pytest.raises(NotAllowed):
        try_again(order, failed.pk, actor=alice)
    with pytest.raises(NotAllowed):
        settle(order, failed.pk, actor=alice, note="x")
    with pytest.raises(OrderInvalid):
        try_again(make_order("COMPLETED"), failed.pk, actor=bob)


def test_one_without_an_answer_for_long_is_told_of_and_started_again(order: Order, bob: User) -> None:
    refund = request_refund(order, actor=bob, key="1", amount=100)
    assert causes() == set()
    with past_the_rules():
        Refund.objects.update(requested_at=timezone.now() - timedelta(days=2))
        OutboxMessage.objects.filter(key=refund.key).update(status="DELIVERED", delivered_at=timezone.now())
    assert causes() == {StuckCause.REFUND_UNCONFIRMED}
    assert try_again(order, refund.pk, actor=bob) == refund
    assert OutboxMessage.objects.get(key=refund.key).status == "PENDING"


def test_the_database_keeps_it(failed: Refund, order: Order, bob: User) -> None:
    other = request_refund(order, actor=bob, key="2", amount=1)
    facts = {"kind": "AGAIN", "actor": "mallory", "channel": "CONSOLE"}
    for refund, again in ((other, failed), (failed, other)):
        with pytest.raises(DatabaseError), transaction.atomic():
            RefundFollowUp.objects.create(refund=refund, again=again, **facts)
    settle(order, failed.pk, actor=bob, note="By bank transfer")
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundFollowUp.objects.update(note="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundFollowUp.objects.all().delete()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
class TestThePage:
    def test_it_is_tried_again(
        self, client: Client, failed: Refund, order: Order, bob: User, headers: dict[str, str]
    ) -> None:
        client.force_login(bob)
        path = f"{order.get_absolute_url()}refund/{failed.pk}/again/"
        assert path in text_of(client.get(order.get_absolute_url()))
        assert client.get(path)["Location"] == order.get_absolute_url()
        for _ in range(2):
            answer = client.post(path, headers=headers, follow=True)
            assert "The refund of 12.50 EUR is saved and on its way to the workflow." in text_of(answer)
        assert Refund.objects.count() == 2
        assert "Tried again by bob." in text_of(client.get(order.get_absolute_url()))

    def test_it_is_settled(
        self, client: Client, failed: Refund, order: Order, bob: User, headers: dict[str, str]
    ) -> None:
        client.force_login(bob)
        path = f"{order.get_absolute_url()}refund/{failed.pk}/settle/"
        assert client.post(path, {"note": ""}, headers=headers).status_code == 409
        client.post(path, {"note": "By bank transfer"}, headers=headers)
        page = text_of(client.get(order.get_absolute_url()))
        assert "Closed. Settled outside the console by bob: By bank transfer" in page
        assert path not in page

    def test_who_may_not_sees_no_button(
        self, client: Client, failed: Refund, order: Order, charlie: User, headers: dict[str, str]
    ) -> None:
        client.force_login(charlie)
        page = text_of(client.get(order.get_absolute_url()))
        assert "A person has to see to it." in page
        for deed in ("again", "settle"):
            path = f"{order.get_absolute_url()}refund/{failed.pk}/{deed}/"
            assert path not in page
            assert client.post(path, headers=headers).status_code == 403
