"""Refunds as facts: asked for once, answered once, and together never more than was charged."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now

from orders import contracts
from orders.decisions import closing, decide
from orders.engine.audit import audit_orders
from orders.errors import OutsideWorldFailed
from orders.models import GatewayMovement, Order, Payment, Refund
from orders.payments.refund import refund_payment
from orders.states import Channel, DecisionKind
from tests.database import past_the_rules
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db

PENDING, SUCCEEDED, CLOSED = Refund.Status.PENDING, Refund.Status.SUCCEEDED, Refund.Status.CLOSED


def refund(order: Order, reason_code: str = "STAFF", reason: str = "Fraud") -> contracts.PaymentRefunded:
    return refund_payment(contracts.RefundPayment(order.order_id, order.payment_id, reason_code, reason))


def ask(payment: Payment, amount: int, key: str = "part-1", **changes: Any) -> Refund:
    facts = {"currency": payment.currency, "reason_code": "STAFF"} | changes
    return Refund.objects.create(payment=payment, key=key, amount=amount, **facts)


def test_a_cancellation_of_a_paid_order_writes_its_refund(make_order: MakeOrder, bob: User) -> None:
    order = make_order("PAID")
    decide.cancel_order(order, actor=bob, reason="Fraud")
    assert refund(order).amount == order.total
    assert refund(order).amount == order.total, "a repeated step changes nothing"

    asked = Refund.objects.get()
    assert (asked.amount, asked.currency, asked.status) == (order.total, order.currency, SUCCEEDED)
    assert (asked.requested_by, asked.channel, asked.reason_code, asked.reason) == ("bob", "CONSOLE", "STAFF", "Fraud")
    assert asked.gateway_reference
    assert asked.finished_at is not None


def test_a_refund_that_failed_is_given_back_by_the_cancellation(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    failed = ask(order.payment, 500)
    Refund.objects.filter(pk=failed.pk).update(status=Refund.Status.FAILED, finished_at=Now())
    refund(order)
    assert Refund.objects.exclude(pk=failed.pk).get().amount == order.total


def test_the_workflow_itself_asks_where_nobody_did(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    refund(order, "SHIPPING_FAILED", "The carrier does not go there.")
    asked = Refund.objects.get()
    assert (asked.requested_by, asked.channel, asked.reason_code) == ("", "", "SHIPPING_FAILED")


def test_a_refund_without_an_answer_stays_asked_for(make_order: MakeOrder, break_next_call: Any) -> None:
    order = make_order("PAID")
    break_next_call("after")
    with pytest.raises(OutsideWorldFailed):
        refund(order)
    assert Refund.objects.get().status == PENDING
    refund(order)
    assert Refund.objects.get().status == SUCCEEDED


def test_where_nothing_was_taken_there_is_none(make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT")
    assert refund(order).amount == 0
    assert not Refund.objects.exists()


@pytest.mark.parametrize("status", ["CREATED", "PENDING_MANUAL_APPROVAL"])
def test_before_the_charge_there_is_none(make_order: MakeOrder, status: str) -> None:
    refund(make_order(status))
    assert not Refund.objects.exists()


def test_the_sum_never_exceeds_the_charge(make_order: MakeOrder) -> None:
    payment = make_order("COMPLETED").payment
    ask(payment, payment.amount - 1)
    ask(payment, 1, "part-2")
    with pytest.raises(IntegrityError, match="would exceed its charge"), transaction.atomic():
        ask(payment, 1, "part-3")


def test_a_cancellation_asks_for_what_is_left(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    part = ask(order.payment, 100)
    Refund.objects.filter(pk=part.pk).update(status=SUCCEEDED, finished_at=part.requested_at)
    refund(order)
    assert Refund.objects.get(reason_code="STAFF", reason="Fraud").amount == order.total - 100


def test_a_closed_one_does_not_count(make_order: MakeOrder) -> None:
    payment = make_order("COMPLETED").payment
    with past_the_rules():
        ask(payment, payment.amount)
        Refund.objects.update(status=CLOSED, finished_at=payment.created_at)
    ask(payment, payment.amount, "part-2")


@pytest.mark.parametrize(("amount", "changes"), [(0, {}), (-1, {}), (1, {"currency": "USD"})])
def test_an_amount_that_cannot_be_is_refused(make_order: MakeOrder, amount: int, changes: dict[str, str]) -> None:
    payment = make_order("COMPLETED").payment
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(payment, amount, **changes)


def test_it_is_answered_once_and_nothing_else_of_it_changes(make_order: MakeOrder) -> None:
    make_order("CANCELLED", cancelled_from="PAID")
    with pytest.raises(DatabaseError, match="was answered and stays as it is"), transaction.atomic():
        Refund.objects.update(status=PENDING, finished_at=None)
    open_one = ask(make_order("COMPLETED").payment, 1)
    with pytest.raises(DatabaseError, match="nothing may change but its answer"), transaction.atomic():
        Refund.objects.filter(pk=open_one.pk).update(amount=2)


def test_the_audit_tells_of_a_refund_that_the_gateway_does_not_know(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    assert not audit_orders().discrepancies
    asked = ask(order.payment, 100)
    Refund.objects.filter(pk=asked.pk).update(status=SUCCEEDED, finished_at=asked.requested_at)
    (found,) = audit_orders().discrepancies
    assert found.sentence == "The gateway refunded 0.00 EUR, but the console has refunds of 1.00 EUR."


def test_the_audit_agrees_with_a_part_that_was_given_back(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    asked = ask(order.payment, 100)
    Refund.objects.filter(pk=asked.pk).update(status=SUCCEEDED, finished_at=asked.requested_at)
    GatewayMovement.objects.create(
        kind=GatewayMovement.Kind.REFUND,
        idempotency_key=order.payment_id,
        merchant_reference=order.order_id,
        amount=100,
        currency="EUR",
        reference="sim-part",
    )
    assert not audit_orders().discrepancies


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_refused(make_order: MakeOrder) -> None:
    payment = make_order("COMPLETED").payment
    refused: list[str] = []
    start = threading.Barrier(2)

    def give_back(key: str) -> None:
        start.wait(60)
        try:
            ask(payment, payment.amount, key)
        except IntegrityError as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=give_back, args=[key]) for key in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == 1
    assert "would exceed its charge" in refused[0]
    assert Refund.objects.count() == 1


def test_a_cancelled_order_of_the_ordinary_way_has_exactly_one(make_order: MakeOrder) -> None:
    order = make_order("CANCELLED", cancelled_from="DISPATCHED", decided_by="dana")
    assert closing.process_cancellation(
        contracts.ProcessCancellation(order.order_id, "STAFF", order.reason)
    ).is_cancelled
    assert Refund.objects.get().channel == Channel.CONSOLE
    assert order.decision == DecisionKind.CANCEL
    assert make_user("dana", "approver").username == Refund.objects.get().requested_by
