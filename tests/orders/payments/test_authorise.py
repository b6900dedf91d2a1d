"""Payments that the shop had authorised: taken over, captured with the approval, released with a cancellation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django import Settings

from orders import contracts
from orders.decisions import closing
from orders.errors import IllegalTransition, OrderInvalid, OutsideWorldFailed, PaymentDeclined
from orders.intake import receipt
from orders.intake.drafts import LineDraft
from orders.models import GatewayMovement, Order, Payment, PaymentAttempt
from orders.money import Money
from orders.payments.authorise import CAPTURE_TAKES
from orders.payments.gateways.registry import find_gateway
from orders.postgres.clock import database_now
from orders.proof.labels import describe_verdict
from orders.proof.payment import check_proof, read_proof
from orders.proof.verify import verify_orders
from orders.states import ReasonCode, Status
from tests.database import past_the_rules
from tests.making import MakeOrder
from tests.orders.payments import moving

pytestmark = pytest.mark.django_db

HELD = "sim_auth_2500_EUR"


@pytest.fixture(autouse=True)
def authorised(settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "authorised"


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    """An order of 25.00 EUR that waits for its approval, with its money held."""
    return make_order(payment_method=HELD)


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def attempts(order: Order) -> list[tuple[str, str]]:
    return list(PaymentAttempt.objects.filter(payment__order=order).values_list("kind", "outcome"))


def validate(order: Order, *, hours: float = 24) -> contracts.OrderValidated:
    deadline = database_now() + timedelta(hours=hours)
    return receipt.validate_order(contracts.ValidateOrder(order.order_id, deadline.isoformat()))


def cancel(order: Order, reason_code: str = ReasonCode.INVALID) -> contracts.CancellationProcessed:
    return closing.process_cancellation(contracts.ProcessCancellation(order.order_id, reason_code, "No."))


def say_verdict(order: Order) -> str:
    proof = read_proof(Order.objects.get(pk=order.pk))
    return describe_verdict(check_proof(proof), order.currency)


def broken_rules() -> list[str]:
    return [broken.code for broken in verify_orders().broken]


class TestIntake:
    def test_an_order_has_to_name_an_authorisation(self, make_order: MakeOrder) -> None:
        with pytest.raises(OrderInvalid, match="Name the authorisation") as caught:
            make_order(payment_method="pm_1")
        assert list(caught.value.fields) == ["payment_method"]

    def test_an_order_that_costs_nothing_needs_none(self, make_order: MakeOrder) -> None:
        free = (LineDraft("MUG-1", "Mug", 1, 0),)
        assert make_order(lines=free).status == Status.PENDING_MANUAL_APPROVAL

    def test_where_payments_are_charged_it_may_not(self, make_order: MakeOrder, settings: Settings) -> None:
        settings.PAYMENT_CAPTURE = "charge"
        with pytest.raises(OrderInvalid, match="nothing is captured here"):
            make_order(payment_method=HELD)


class TestHold:
    def test_it_is_taken_over_once_before_the_order_waits(self, order: Order) -> None:
        payment = payment_of(order)
        assert (payment.status, payment.gateway, moving.movements(order)) == ("AUTHORISED", "simulated", ["AUTH"])
        assert attempts(order) == [("AUTH", "SUCCEEDED")]
        event = order.events.get(kind="payment.authorised")
        assert (event.title, event.detail) == ("Authorised 25.00 EUR", payment.gateway_reference)
        assert say_verdict(order) == "Authorised, not captured"

    def test_the_order_is_found_by_its_reference(self, order: Order) -> None:
        assert payment_of(order).gateway_reference in Order.objects.values_list("search_codes", flat=True)[0]

    def test_the_deadline_is_before_the_gateway_lets_go(self, make_order: MakeOrder) -> None:
        order = make_order(payment_method=HELD, deadline_seconds=30 * 24 * 3600)
        held_until = payment_of(order).authorised_until
        assert held_until is not None
        assert order.approval_deadline == held_until - CAPTURE_TAKES

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_after_a_lost_answer_it_is_asked_for_again(
        self, moment: str, make_order: MakeOrder, break_next_call: Callable[[str], None]
    ) -> None:
        order = make_order("VALIDATED", payment_method=HELD)
        break_next_call(moment)
        with pytest.raises(OutsideWorldFailed):
            validate(order)
        assert payment_of(order).status == Payment.Status.UNKNOWN

        validate(order)

        assert (payment_of(order).status, moving.movements(order)) == ("AUTHORISED", ["AUTH"])
        assert attempts(order) == [("AUTH", "FAILED"), ("AUTH", "SUCCEEDED")]

    @pytest.mark.parametrize(
        ("method", "code", "words", "then"),
        [
            (
                *("sim_auth_2000_EUR", "authorisation_mismatch"),
                "The authorisation is for 20.00 EUR, and the order comes to 25.00 EUR.",
                "RELEASED",
            ),
            (
                *("sim_auth_2500_USD", "authorisation_mismatch"),
                "The authorisation is for 25.00 USD, and the order comes to 25.00 EUR.",
                "RELEASED",
            ),
            ("sim_auth_2500_EUR_expired", "authorisation_expired", "The authorisation has expired.", "DECLINED"),
            ("sim_auth_x", "authorisation_unknown", "The gateway does not know the authorisation.", "DECLINED"),
        ],
    )
    def test_one_that_is_none_for_the_order_is_a_decline_in_plain_words(
        self, method: str, code: str, words: str, then: str, make_order: MakeOrder
    ) -> None:
        order = make_order("VALIDATED", payment_method=method)
        with pytest.raises(PaymentDeclined, match=words):
            validate(order)
        event = order.events.get(kind="payment.declined")
        assert (event.data["code"], event.detail) == (code, words)
        assert Order.objects.get(pk=order.pk).status == Status.VALIDATED, "it never waits for an approval"

        cancel(order, ReasonCode.PAYMENT_DECLINED)

        assert (payment_of(order).status, Order.objects.get(pk=order.pk).status) == (then, Status.CANCELLED)
        assert broken_rules() == []

    def test_one_that_another_payment_has_is_a_decline(
        self, order: Order, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = make_order("VALIDATED", payment_method=HELD)
        gateway: Any = type(find_gateway("simulated"))
        accept, reference = gateway.accept, payment_of(order).gateway_reference
        monkeypatch.setattr(gateway, "accept", lambda *each: replace(accept(*each), reference=reference))
        with pytest.raises(PaymentDeclined, match="belongs to another order"):
            validate(other)
        assert payment_of(other).status == Payment.Status.DECLINED

    def test_a_card_that_the_bank_refuses_is_a_decline(self, make_order: MakeOrder) -> None:
        order = make_order("VALIDATED", payment_method=HELD, customer_email="emma+declined@example.com")
        with pytest.raises(PaymentDeclined, match="bank declined the card"):
            validate(order)

    def test_one_that_ends_soon_is_a_decline(self, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
        order = make_order("VALIDATED", payment_method=HELD)
        monkeypatch.setattr(type(find_gateway("simulated")), "authorisation_lasts", CAPTURE_TAKES)
        with pytest.raises(PaymentDeclined, match="too soon for a decision"):
            validate(order)


class TestCapture:
    def test_the_total_is_captured_once(self, order: Order) -> None:
        moving.charge(order)
        moving.charge(order)
        assert moving.movements(order) == ["AUTH", "CHARGE"]
        assert payment_of(order).status == Payment.Status.CHARGED
        assert attempts(order) == [("AUTH", "SUCCEEDED"), ("CAPTURE", "SUCCEEDED")]
        assert Order.objects.get(pk=order.pk).status == Status.PAID
        assert say_verdict(order) == "Charged exactly once: 25.00 EUR"

    @pytest.mark.parametrize("name", ["accept", "capture"])
    def test_after_a_lost_answer_the_gateway_is_asked_before_it_is_repeated(
        self, name: str, order: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway: Any = type(find_gateway("simulated"))
        call = getattr(gateway, name)

        def lose(*arguments: Any) -> None:
            monkeypatch.setattr(gateway, name, call)
            call(*arguments)
            raise OutsideWorldFailed("The answer was lost.")

        monkeypatch.setattr(gateway, name, lose)
        with pytest.raises(OutsideWorldFailed):
            moving.charge(order)
        assert payment_of(order).status == Payment.Status.UNKNOWN

        moving.charge(order)

        assert moving.movements(order) == ["AUTH", "CHARGE"]
        assert attempts(order)[1:] == [("CAPTURE", "FAILED"), ("CAPTURE", "SUCCEEDED")]

    def test_one_that_was_cancelled_since_is_a_decline_in_plain_words(self, order: Order) -> None:
        find_gateway("simulated").void(moving.request_of(order), "")
        with pytest.raises(PaymentDeclined, match="closed before it was charged"):
            moving.charge(order)
        assert payment_of(order).status == Payment.Status.DECLINED
        assert order.events.get(kind="payment.declined").data["code"] == "voided"

    def test_what_is_held_for_another_amount_by_now_is_released_and_not_captured(
        self, order: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gateway: Any = type(find_gateway("simulated"))
        accept = gateway.accept
        monkeypatch.setattr(gateway, "accept", lambda *each: replace(accept(*each), held=Money(2400, "EUR")))
        with pytest.raises(PaymentDeclined, match=r"is for 24\.00 EUR, and the order comes to 25\.00 EUR"):
            moving.charge(order)
        moving.refund(order)
        assert (payment_of(order).status, moving.movements(order)) == ("RELEASED", ["AUTH", "VOID"])

    def test_a_cancellation_afterwards_gives_it_back(self, order: Order) -> None:
        moving.charge(order)
        moving.refund(order)
        cancel(order)
        assert moving.movements(order) == ["AUTH", "CHARGE", "REFUND"]
        assert broken_rules() == []

    def test_what_was_captured_is_not_released_by_a_run_that_does_not_know(self, order: Order) -> None:
        moving.charge(order)
        with pytest.raises(IllegalTransition, match="refund is not complete"):
            cancel(order)


class TestRelease:
    @pytest.mark.parametrize("status", ["CREATED", "VALIDATED", "PENDING_MANUAL_APPROVAL"])
    def test_a_cancellation_releases_it_wherever_the_order_is(self, status: str, make_order: MakeOrder) -> None:
        order = make_order(status, payment_method=HELD)
        cancel(order)
        cancel(order)
        assert (payment_of(order).status, moving.movements(order)[-1]) == ("RELEASED", "VOID")
        assert attempts(order)[-1] == ("VOID", "SUCCEEDED")
        assert order.events.filter(kind="payment.released").count() == 1
        assert say_verdict(order) == "Authorised, never captured, and released"
        assert broken_rules() == []

    def test_so_does_the_deadline(self, order: Order) -> None:
        assert cancel(order, ReasonCode.APPROVAL_TIMEOUT).is_cancelled
        assert payment_of(order).status == Payment.Status.RELEASED

    def test_so_does_a_cancellation_while_it_is_captured(
        self, order: Order, break_next_call: Callable[[str], None]
    ) -> None:
        break_next_call("before")
        with pytest.raises(OutsideWorldFailed):
            moving.charge(order)
        moving.refund(order)
        assert (payment_of(order).status, moving.movements(order)) == ("RELEASED", ["AUTH", "VOID"])

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_after_a_lost_answer_it_is_released_again(
        self, moment: str, order: Order, break_next_call: Callable[[str], None]
    ) -> None:
        break_next_call(moment)
        with pytest.raises(OutsideWorldFailed):
            cancel(order)
        assert (payment_of(order).status, Order.objects.get(pk=order.pk).status) == ("UNKNOWN", Status.CANCELLING)

        cancel(order)

        assert (payment_of(order).status, moving.movements(order)) == ("RELEASED", ["AUTH", "VOID"])
        assert attempts(order)[1:] == [("VOID", "FAILED"), ("VOID", "SUCCEEDED")]

    def test_what_the_shop_captured_itself_is_given_back(self, order: Order) -> None:
        find_gateway("simulated").capture(moving.request_of(order), "")
        cancel(order)
        assert moving.movements(order) == ["AUTH", "CHARGE", "REFUND"]
        assert (payment_of(order).status, Order.objects.get(pk=order.pk).status) == ("REFUNDED", Status.CANCELLED)
        assert broken_rules() == []


class TestRules:
    """What PostgreSQL holds to."""

    def test_it_is_released_once_the_gateway_has_said_so(self, order: Order) -> None:
        with pytest.raises(IntegrityError, match="is released once its gateway has said so"), transaction.atomic():
            Payment.objects.filter(order=order).update(status="RELEASED")

    def test_what_is_released_stays_so(self, order: Order) -> None:
        cancel(order)
        with pytest.raises(IntegrityError, match="RELEASED cannot become CHARGED"), transaction.atomic():
            Payment.objects.filter(order=order).update(status="CHARGED")

    def test_no_order_waits_longer_than_its_money_is_held(self, order: Order) -> None:
        with pytest.raises(IntegrityError, match="wait longer than its money is held"), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(approval_deadline=payment_of(order).authorised_until)

    def test_until_when_it_is_held_never_changes(self, order: Order) -> None:
        with pytest.raises(IntegrityError, match="is held never changes"), transaction.atomic():
            Payment.objects.filter(order=order).update(authorised_until=database_now())

    def test_one_authorisation_is_of_one_payment(self, order: Order, make_order: MakeOrder) -> None:
        other = make_order("CHARGING_PAYMENT", payment_method=HELD)
        assert payment_of(other).gateway_reference != payment_of(order).gateway_reference
        third = make_order("VALIDATED", payment_method="sim_auth_2000_EUR")
        with pytest.raises(PaymentDeclined):
            validate(third)
        facts = {"gateway_reference": payment_of(order).gateway_reference, "authorised_until": database_now()}
        with pytest.raises(IntegrityError, match="authorisation_is_of_one_payment"), transaction.atomic():
            Payment.objects.filter(order=third).update(**facts)

    def test_verify_names_a_cancelled_order_that_still_holds_money(self, order: Order) -> None:
        cancel(order)
        with past_the_rules():
            GatewayMovement.objects.filter(merchant_reference=order.order_id, kind="VOID").delete()
            assert "cancelled_order_is_released_at_gateway" in broken_rules()
            assert say_verdict(order).startswith("The console and the gateway disagree")
