"""orders.payments.refund: what was taken is given back once, and nothing is taken afterwards."""

from collections.abc import Callable

import pytest

from orders import contracts
from orders.errors import OutsideWorldFailed
from orders.models import Payment, PaymentAttempt
from orders.payments.charge import _write_charge
from orders.payments.gateways.interface import Charge, Outcome
from orders.payments.gateways.registry import gateway_of_new_payments
from orders.postgres.parts import update
from orders.states import Status
from tests.making import MakeOrder
from tests.orders.payments.moving import charge, movements, refund, request_of

gateway = gateway_of_new_payments()

pytestmark = pytest.mark.django_db


def test_money_that_was_taken_is_given_back_once(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    assert refund(order).amount == 2500
    assert refund(order).amount == 2500
    order.refresh_from_db()
    assert (order.status, order.payment.status) == (Status.CANCELLING, Payment.Status.REFUNDED)
    assert movements(order) == ["CHARGE", "REFUND"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_retried_refund_gives_back_once(
    make_order: MakeOrder, break_next_call: Callable[[str], None], moment: str
) -> None:
    order = make_order("PAID")
    break_next_call(moment)
    with pytest.raises(OutsideWorldFailed):
        refund(order)
    assert refund(order).amount == 2500
    assert movements(order) == ["CHARGE", "REFUND"]


def test_a_charge_whose_answer_was_lost_is_given_back(
    make_order: MakeOrder, break_next_call: Callable[[str], None]
) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    break_next_call("after")
    with pytest.raises(OutsideWorldFailed):
        charge(order)
    assert refund(order).amount == 2500
    assert order.payment.status == Payment.Status.REFUNDED
    assert movements(order) == ["CHARGE", "REFUND"]


def test_a_charge_that_never_arrived_is_closed_for_good(
    make_order: MakeOrder, break_next_call: Callable[[str], None]
) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    break_next_call("before")
    with pytest.raises(OutsideWorldFailed):
        charge(order)
    assert refund(order).amount == 0
    assert order.payment.status == Payment.Status.DECLINED
    assert movements(order) == ["VOID"]


def test_a_charge_that_comes_late_takes_no_money(make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT")
    refund(order)
    assert gateway.charge(request_of(order), "").outcome == Outcome.CLOSED
    assert movements(order) == ["VOID"]


def test_an_order_that_was_never_charged_needs_no_refund(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    assert refund(order).amount == 0
    assert movements(order) == []


def test_a_charge_that_is_answered_during_the_refund_does_not_take_the_order_back(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    refund(order)
    finished = update(PaymentAttempt, {"error": ""}, id=0)
    _write_charge(contracts.ChargePayment(order.order_id, order.payment_id), Charge(Outcome.CHARGED, "late"), finished)
    order.refresh_from_db()
    assert (order.status, order.payment.status) == (Status.CANCELLING, Payment.Status.REFUNDED)


def test_money_that_was_given_back_is_not_taken_again_under_the_same_key(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    refund(order)
    charge = gateway.charge(request_of(order), "")
    assert (charge.outcome, charge.code, charge.charged, charge.refunded) == (Outcome.CLOSED, "refunded", 2500, 2500)
    assert movements(order) == ["CHARGE", "REFUND"]
