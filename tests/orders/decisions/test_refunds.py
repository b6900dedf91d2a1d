"""Refunds that people ask for: written once, never more than is left, and carried out beside the order."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from orders import contracts
from orders.decisions.refunds import UNFINISHED_AFTER, request_refund, start_unfinished_again
from orders.errors import NotAllowed, OrderError, OrderInvalid, OrderNotFound, RefundRefused
from orders.events import EventKind
from orders.intake.drafts import LineDraft
from orders.lifecycle.attempts import record_unresolved
from orders.models import Order, OutboxMessage, Payment, Refund
from orders.payments.refund import give_back_refund
from orders.states import Status
from tests.making import MakeOrder
from tests.orders.engine.test_relay import relaying
from tests.orders.payments.moving import movements
from tests.waiting import wait_until


def ask(order: Order, actor: User, amount: int = 1000, key: str = "form-1", **facts: Any) -> Refund:
    return request_refund(order, actor=actor, amount=amount, key=key, **facts)


def carry_out(refund: Refund) -> contracts.RefundGivenBack:
    return give_back_refund(contracts.RefundInput(refund.payment.order.order_id, refund.key))


@pytest.mark.django_db
def test_a_part_is_given_back_after_completion(make_order: MakeOrder, bob: User) -> None:
    order = make_order("COMPLETED")
    refund = ask(order, bob, 1000, reason_code="WRONG_PRICE", reason="10 off")
    assert (refund.amount, refund.reason_code, refund.requested_by) == (1000, "WRONG_PRICE", "bob")
    assert carry_out(refund).is_done
    assert carry_out(refund).is_done, "asked again, it is given back once"
    order.refresh_from_db()
    assert (order.status, order.payment.status) == (Status.COMPLETED, Payment.Status.CHARGED)
    assert movements(order) == ["CHARGE", "REFUND"]
    kinds = list(order.events.order_by("id").values_list("kind", flat=True))
    assert kinds[-2:] == [EventKind.REFUND_REQUESTED, EventKind.REFUNDED]


@pytest.mark.django_db
def test_all_of_it_is_given_back_in_parts(make_order: MakeOrder, bob: User) -> None:
    order = make_order("COMPLETED")
    for key, amount in (("form-1", 1000), ("form-2", 1500)):
        carry_out(ask(order, bob, amount, key))
    order.refresh_from_db()
    assert (order.status, order.payment.status) == (Status.COMPLETED, Payment.Status.REFUNDED)
    with pytest.raises(RefundRefused, match=r"^All of the payment has been refunded, or is about to be\.$"):
        ask(order, bob, 1, "form-3")


@pytest.mark.django_db
def test_the_same_form_asks_once(make_order: MakeOrder, bob: User) -> None:
    order = make_order("COMPLETED")
    assert ask(order, bob) == ask(order, bob)
    assert OutboxMessage.objects.filter(order=order, name="refund").count() == 1
    with pytest.raises(RefundRefused, match=r"^This form was sent before for another refund\."):
        ask(order, bob, 500)


@pytest.mark.django_db
@pytest.mark.parametrize("quantities", [{1: 1}, {1: 2}])
def test_lines_come_to_the_amount(make_order: MakeOrder, bob: User, quantities: dict[int, int]) -> None:
    order = make_order("COMPLETED", lines=(LineDraft("CUP", "Cup", 3, 1250),))
    price = 1250 * quantities[1]
    for wrong in (price - 1, price + 1):
        with pytest.raises(OrderInvalid, match=r"^The amount is not what the chosen lines come to\.$"):
            ask(order, bob, wrong, quantities=quantities)
    assert not Refund.objects.exists()
    assert ask(order, bob, price, quantities=quantities).lines == [
        {"position": 1, "sku": "CUP", "quantity": quantities[1]}
    ]


@pytest.mark.django_db
def test_its_workflow_is_started_through_the_outbox(make_order: MakeOrder, bob: User) -> None:
    order = make_order("COMPLETED")
    ask(order, bob)
    message = OutboxMessage.objects.get(order=order, name="refund")
    assert message.payload == {"order_id": order.order_id, "refund_key": "request:form-1"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "amount", "sentence"),
    [
        ("COMPLETED", 2501, "No more than 25.00 EUR is left to refund."),
        ("PAID", 2500, "The order is not completed. To refund all that is left, cancel it."),
        ("PENDING_MANUAL_APPROVAL", 1, "Nothing has been charged for this order, so there is nothing to refund."),
        ("CANCELLING", 1, "The order is being cancelled, which refunds all that is left of its payment."),
    ],
)
def test_what_cannot_be_refunded(make_order: MakeOrder, bob: User, status: str, amount: int, sentence: str) -> None:
    with pytest.raises(RefundRefused) as refusal:
        ask(make_order(status), bob, amount)
    assert str(refusal.value) == sentence


@pytest.mark.django_db
@pytest.mark.parametrize(
    "facts", [{"amount": 0}, {"amount": -1}, {"reason_code": "MOOD"}, {"key": ""}, {"key": "a\nb"}]
)
def test_what_no_refund_can_be(make_order: MakeOrder, bob: User, facts: dict[str, Any]) -> None:
    with pytest.raises(OrderInvalid):
        ask(make_order("COMPLETED"), bob, **facts)


@pytest.mark.django_db
def test_a_clerk_may_not(make_order: MakeOrder, alice: User) -> None:
    with pytest.raises(NotAllowed, match=r"^Your account cannot refund orders\. Ask an approver to do it\.$"):
        ask(make_order("COMPLETED"), alice)


@pytest.mark.django_db
def test_a_run_of_another_order_gives_nothing_back(make_order: MakeOrder, bob: User) -> None:
    refund, other = ask(make_order("COMPLETED"), bob), make_order("COMPLETED")
    with pytest.raises(OrderNotFound):
        give_back_refund(contracts.RefundInput(other.order_id, refund.key))


@pytest.mark.django_db
def test_a_refund_that_stays_unconfirmed_is_told_though_its_order_is_final(
    make_order: MakeOrder, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order("COMPLETED")
    ask(order, bob)
    record_unresolved(order.order_id, "give_back_refund", "No answer.")
    told = order.events.filter(kind=EventKind.REFUND_UNRESOLVED)
    assert not told.exists(), "it has not lasted long"
    monkeypatch.setattr("orders.lifecycle.attempts.UNRESOLVED_AFTER", timedelta(hours=-1))
    for _ in range(2):
        record_unresolved(order.order_id, "give_back_refund", "No answer.")
    assert told.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(4))
def test_of_two_that_together_exceed_the_charge_one_is_refused(make_order: MakeOrder, bob: User, number: int) -> None:
    order, start, said = make_order("COMPLETED"), Barrier(2), ["", ""]

    def run(number: int) -> None:
        start.wait(60)
        try:
            ask(order, bob, 1500, f"form-{number}")
        except OrderError as error:
            said[number] = str(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == ["", "No more than 10.00 EUR is left to refund."]
    assert Refund.objects.filter(payment__order=order).count() == 1


@pytest.mark.django_db
class TestLostRuns:
    @pytest.fixture
    def started(self, make_order: MakeOrder, bob: User) -> Refund:
        """A refund whose workflow was started long ago."""
        refund = ask(make_order("COMPLETED"), bob)
        long_ago = timezone.now() - 2 * UNFINISHED_AFTER
        OutboxMessage.objects.filter(key=refund.key).update(status="DELIVERED", delivered_at=long_ago)
        return refund

    def test_one_without_an_answer_is_started_again(self, started: Refund) -> None:
        assert start_unfinished_again() == 1
        assert OutboxMessage.objects.get(key=started.key).status == "PENDING"
        assert start_unfinished_again() == 0, "it is on its way already"

    def test_one_that_was_started_just_now_is_waited_for(self, started: Refund) -> None:
        OutboxMessage.objects.filter(key=started.key).update(delivered_at=timezone.now())
        assert start_unfinished_again() == 0

    def test_one_that_is_given_back_is_done(self, started: Refund) -> None:
        carry_out(started)
        assert start_unfinished_again() == 0


@pytest.mark.django_db(transaction=True)
def test_the_relay_starts_a_refund_again_that_temporal_lost(
    temporal_server: str, make_order: MakeOrder, bob: User
) -> None:
    refund = ask(make_order("COMPLETED"), bob)
    long_ago = timezone.now() - 2 * UNFINISHED_AFTER
    message = OutboxMessage.objects.filter(key=refund.key)
    message.update(status="DELIVERED", delivered_at=long_ago)
    with relaying(interval_seconds=0.1):
        wait_until(message.filter(status="DELIVERED", delivered_at__gt=long_ago).exists, what="another start")
