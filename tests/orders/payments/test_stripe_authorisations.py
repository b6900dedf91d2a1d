"""Authorisations at Stripe: intents that the shop made, taken over by orders, on localstripe."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from orders import contracts
from orders.decisions import closing
from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.intake import receipt
from orders.models import Order, Payment
from orders.payments.gateways.interface import AuthorisingGateway, Outcome
from orders.payments.gateways.registry import find_gateway
from orders.postgres.clock import database_now
from orders.proof.labels import describe_verdict
from orders.proof.payment import check_proof, read_proof
from orders.states import Status
from tests.making import MakeOrder
from tests.orders.payments import moving
from tests.orders.payments.stripe_account import Account

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def authorised(settings: Settings, stripe_account: Account) -> None:
    settings.PAYMENT_CAPTURE = "authorised"


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def say_verdict(order: Order) -> str:
    return describe_verdict(check_proof(read_proof(Order.objects.get(pk=order.pk))), order.currency)


def cancel(order: Order) -> None:
    closing.process_cancellation(contracts.ProcessCancellation(order.order_id, "INVALID", ""))


def validate(order: Order) -> None:
    deadline = database_now() + timedelta(days=1)
    receipt.validate_order(contracts.ValidateOrder(order.order_id, deadline.isoformat()))


def test_the_intent_of_the_shop_bears_the_order_and_is_captured_once(
    stripe_account: Account, make_order: MakeOrder
) -> None:
    intent_id = stripe_account.authorise()
    order = make_order(payment_method=intent_id)
    payment = payment_of(order)
    (intent,) = stripe_account.intents(order)
    assert (payment.status, payment.gateway_reference, intent.id) == ("AUTHORISED", intent_id, intent_id)
    assert intent.metadata.to_dict() == {"order_id": order.order_id, "payment_id": order.payment_id}
    assert payment.authorised_until == datetime.fromtimestamp(intent.created, UTC) + timedelta(days=7)
    assert say_verdict(order) == "Authorised, not captured"

    moving.charge(order)
    moving.charge(order)

    assert stripe_account.charged(order) == [2500]
    assert Order.objects.get(pk=order.pk).status == Status.PAID


@pytest.mark.parametrize("status", ["VALIDATED", "PENDING_MANUAL_APPROVAL"])
def test_a_cancelled_order_leaves_a_cancelled_intent(
    status: str, stripe_account: Account, make_order: MakeOrder
) -> None:
    order = make_order(status, payment_method=stripe_account.authorise())
    cancel(order)
    assert stripe_account.api.payment_intents.retrieve(order.payment_method).status == "canceled"
    assert payment_of(order).status == Payment.Status.RELEASED
    assert say_verdict(order) == "Authorised, never captured, and released"


def test_the_intent_of_another_order_is_neither_captured_nor_released(
    stripe_account: Account, make_order: MakeOrder
) -> None:
    first = make_order(payment_method=stripe_account.authorise())
    second = make_order("VALIDATED", payment_method=first.payment_method)
    with pytest.raises(PaymentDeclined, match="belongs to another order"):
        validate(second)
    gateway = find_gateway("stripe")
    assert isinstance(gateway, AuthorisingGateway)
    assert gateway.accept(moving.request_of(second), "").code == "authorisation_in_use"
    cancel(second)
    third = make_order("CREATED", payment_method=first.payment_method)
    cancel(third)

    assert [payment_of(order).status for order in (second, third)] == ["DECLINED", "DECLINED"]
    moving.charge(first)
    assert stripe_account.charged(first) == [2500]


def test_one_that_the_shop_cancelled_is_a_decline(stripe_account: Account, make_order: MakeOrder) -> None:
    order = make_order(payment_method=stripe_account.authorise())
    stripe_account.api.payment_intents.cancel(order.payment_method)
    with pytest.raises(PaymentDeclined):
        moving.charge(order)
    assert order.events.get(kind="payment.declined").detail == "The payment was closed before it was charged."


def test_one_that_the_shop_captured_before_stays_the_shops(stripe_account: Account, make_order: MakeOrder) -> None:
    order = make_order("VALIDATED", payment_method=stripe_account.authorise())
    stripe_account.api.payment_intents.capture(order.payment_method)
    with pytest.raises(PaymentDeclined, match="captured before the order came in"):
        validate(order)
    cancel(order)
    assert stripe_account.api.payment_intents.retrieve(order.payment_method).status == "succeeded"
    assert payment_of(order).status == Payment.Status.DECLINED


def test_an_unknown_one_is_a_decline_but_not_once_it_was_there(stripe_account: Account, make_order: MakeOrder) -> None:
    order = make_order("VALIDATED", payment_method="pi_of_nobody")
    with pytest.raises(PaymentDeclined, match="does not know the authorisation"):
        validate(order)
    voided = find_gateway("stripe").void(moving.request_of(order), "")
    assert (voided.outcome, voided.code) == (Outcome.CLOSED, "authorisation_unknown")

    known = make_order(payment_method=stripe_account.authorise())
    stripe_account.clear()
    with pytest.raises(OutsideWorldFailed, match="under this key"):
        moving.charge(known)
