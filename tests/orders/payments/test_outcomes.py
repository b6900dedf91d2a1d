"""What becomes of a payment by what its gateway answers, and by what it does not answer."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings
from temporalio.exceptions import ApplicationError

from orders import contracts
from orders.errors import OutsideWorldFailed, PaymentDeclined, PaymentUndecided
from orders.models import Order, Payment, PaymentAttempt
from orders.payments.gateways.interface import (
    BookEntry,
    Charge,
    Outcome,
    PaymentRequest,
    RefundAnswer,
    RefundRequest,
)
from orders.payments.gateways.registry import find_gateway
from orders.states import Status, TroubleCode
from tests.making import MakeOrder
from tests.orders.payments import moving
from workers import activities, steps

pytestmark = pytest.mark.django_db


class ScriptedGateway:
    """A gateway that answers what a test tells it, and notes what it was asked for."""

    name: Final = "scripted"
    authorisation_lasts: timedelta | None = None
    answer: Callable[[], Charge]
    known: Charge | None = None
    asked: list[str] = []

    def open(self, request: PaymentRequest) -> str:
        return ""

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        self.asked.append("find")
        return type(self).known

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        self.asked.append("charge")
        return type(self).answer()

    def authorise(self, request: PaymentRequest, reference: str) -> Charge:
        self.asked.append("authorise")
        return type(self).answer()

    def capture(self, request: PaymentRequest, reference: str) -> Charge:
        self.asked.append("capture")
        return type(self).answer()

    def void(self, request: PaymentRequest, reference: str) -> Charge:
        self.asked.append("void")
        return type(self).known or Charge(Outcome.CLOSED)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        self.asked.append("refund")
        return RefundAnswer(True, "re_1")

    def read_books(self) -> Iterator[BookEntry]:
        yield from ()


@pytest.fixture(autouse=True)
def scripted(settings: Settings) -> None:
    settings.PAYMENT_GATEWAYS = [f"{__name__}.ScriptedGateway"]
    ScriptedGateway.known, ScriptedGateway.asked = None, []


def answer(*, charged: int = 2500, outcome: Outcome = Outcome.CHARGED, code: str = "", text: str = "") -> None:
    """Let the gateway give this answer to whatever asks for money."""
    found = Charge(outcome, "ch_1", code, text, charged=charged)
    ScriptedGateway.answer = staticmethod(lambda: found)


def lose_the_answer() -> None:
    def fail() -> Charge:
        raise OutsideWorldFailed("The gateway did not answer.")

    ScriptedGateway.answer = staticmethod(fail)


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    """An order that waits for its approval."""
    return make_order()


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def test_a_charge_of_another_amount_is_not_written_as_one(order: Order) -> None:
    answer(charged=9900)
    with pytest.raises(OutsideWorldFailed, match="a charge of 9900 minor units"):
        moving.charge(order)
    assert payment_of(order).status == Payment.Status.UNKNOWN
    assert Order.objects.get(pk=order.pk).status == Status.CHARGING_PAYMENT


def test_a_lost_answer_leaves_the_payment_unknown_until_the_gateway_is_asked(order: Order) -> None:
    lose_the_answer()
    with pytest.raises(OutsideWorldFailed):
        moving.charge(order)
    assert payment_of(order).status == Payment.Status.UNKNOWN
    ScriptedGateway.known, ScriptedGateway.asked = Charge(Outcome.CHARGED, "ch_1", charged=2500), []

    moving.charge(order)

    assert ScriptedGateway.asked == ["find"], "what was charged already is not asked for again"
    assert (payment_of(order).status, payment_of(order).gateway_reference) == (Payment.Status.CHARGED, "ch_1")
    assert Order.objects.get(pk=order.pk).status == Status.PAID


def test_an_unknown_payment_that_the_gateway_never_heard_of_is_charged(order: Order) -> None:
    lose_the_answer()
    with pytest.raises(OutsideWorldFailed):
        moving.charge(order)
    ScriptedGateway.asked = []
    answer()

    moving.charge(order)

    assert ScriptedGateway.asked == ["find", "charge"]
    assert payment_of(order).status == Payment.Status.CHARGED


def test_a_payment_that_needs_the_customer_waits_and_says_so(order: Order) -> None:
    answer(outcome=Outcome.REQUIRES_ACTION, charged=0)
    with pytest.raises(PaymentUndecided):
        moving.charge(order)
    assert payment_of(order).status == Payment.Status.REQUIRES_ACTION
    assert [trouble.code for trouble in order.troubles.all()] == [TroubleCode.CUSTOMER_ACTION]
    ScriptedGateway.known = Charge(Outcome.CHARGED, "ch_1", charged=2500)

    moving.charge(order)

    assert payment_of(order).status == Payment.Status.CHARGED
    assert not order.troubles.exists()


def test_a_pending_payment_is_asked_about_again_after_a_while(order: Order) -> None:
    answer(outcome=Outcome.PENDING, charged=0)
    with pytest.raises(ApplicationError) as caught, activities.telling_refusals():
        moving.charge(order)
    assert (caught.value.type, caught.value.non_retryable) == (contracts.PAYMENT_UNDECIDED, False)
    assert caught.value.next_retry_delay == steps.ASK_AGAIN_AFTER
    assert payment_of(order).status == Payment.Status.PENDING


def test_an_authorised_payment_is_captured_and_not_charged(order: Order) -> None:
    lose_the_answer()
    with pytest.raises(OutsideWorldFailed):
        moving.charge(order)
    ScriptedGateway.known, ScriptedGateway.asked = Charge(Outcome.AUTHORISED, "ch_1"), []
    answer()

    moving.charge(order)

    assert ScriptedGateway.asked == ["find", "capture"]
    assert payment_of(order).status == Payment.Status.CHARGED


def test_a_decline_is_told_in_plain_words(order: Order) -> None:
    answer(outcome=Outcome.DECLINED, charged=0, code="insufficient_funds", text="Your card has insufficient funds.")
    with pytest.raises(PaymentDeclined):
        moving.charge(order)
    event = order.events.get(kind="payment.declined")
    assert event.data["code"] == "insufficient_funds"
    assert event.detail == "There is not enough money on the customer's account."


def test_a_refund_asks_first_what_became_of_a_payment_that_nobody_knows_of(order: Order) -> None:
    lose_the_answer()
    with pytest.raises(OutsideWorldFailed):
        moving.charge(order)
    ScriptedGateway.known, ScriptedGateway.asked = Charge(Outcome.CHARGED, "ch_1", charged=2500), []

    moving.refund(order)

    assert ScriptedGateway.asked == ["void", "refund"]
    assert payment_of(order).status == Payment.Status.REFUNDED


class TestKey:
    """PostgreSQL binds a payment's key to what is asked for under it."""

    def test_a_payment_for_another_amount_is_refused(self, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
        answer()
        monkeypatch.setattr(PaymentRequest, "hash", property(lambda request: "0" * 64))
        with pytest.raises(IntegrityError, match="is not bound to what its order asks"):
            moving.charge(order)

    def test_an_attempt_for_something_else_is_refused(self, order: Order) -> None:
        answer()
        moving.charge(order)
        with pytest.raises(IntegrityError, match="is bound to something else"), transaction.atomic():
            PaymentAttempt.objects.create(payment=payment_of(order), kind="CHARGE", request_hash="0" * 64)

    def test_the_simulated_gateway_declines_a_key_with_another_amount(self, order: Order, settings: Settings) -> None:
        settings.PAYMENT_GATEWAYS = ["orders.payments.gateways.simulated.SimulatedGateway"]
        gateway, request = find_gateway("simulated"), moving.request_of(order)
        assert gateway.charge(request, "").outcome == Outcome.CHARGED
        order.total = 9900
        again = gateway.charge(moving.request_of(order), "")
        assert (again.outcome, again.code) == (Outcome.DECLINED, "idempotency_key_reused")
