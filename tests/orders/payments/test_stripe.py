"""Payments with Stripe, by its own library and real HTTP, against localstripe, which ignores idempotency keys.

So what is proven here does not rest on Stripe's keys: after a lost answer the console looks before it charges.
"""

from typing import Any

import pytest
import stripe
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from orders.errors import OutsideWorldFailed, PaymentDeclined, PaymentUndecided
from orders.models import Order, Payment, PaymentAttempt
from orders.money import Money
from orders.payments.charge import adopt_charge
from orders.payments.gateways.interface import Outcome, RefundRequest
from orders.payments.gateways.registry import find_gateway, list_gateways
from orders.payments.gateways.stripe import refunds
from orders.payments.gateways.stripe.amounts import from_stripe, to_stripe
from orders.payments.gateways.stripe.client import API_VERSION
from orders.payments.gateways.stripe.gateway import StripeGateway
from orders.plugins import load_plugins
from orders.states import Status
from tests.database import past_the_rules
from tests.making import MakeOrder
from tests.orders.payments import moving
from tests.orders.payments.stripe_account import ASKS_CUSTOMER, DECLINED, GATEWAY, VISA, Account, losing_the_reply
from tests.proxies import Line

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(stripe_account: Account, make_order: MakeOrder) -> Order:
    """An order of 25.00 EUR to be paid with a card."""
    return make_order(payment_method=VISA)


def payment_of(order: Order) -> Payment:
    return Payment.objects.get(order=order)


def outcomes(order: Order) -> list[str]:
    return [attempt.outcome for attempt in PaymentAttempt.objects.filter(payment__order=order)]


def lose_reply_of(name: str, line: Line, monkeypatch: pytest.MonkeyPatch, account: Account, order: Order) -> None:
    """Lose the answer to the next call of this name, once Stripe's ledger shows what it did."""
    place: Any = refunds if name == "_ask" else StripeGateway
    call = getattr(place, name)
    before = len(account.intents(order))

    def has_happened() -> bool:
        if name == "open":
            return len(account.intents(order)) > before
        return bool(account.refunded(order) if name == "_ask" else account.charged(order))

    def lose(*arguments: Any) -> Any:
        monkeypatch.setattr(place, name, call)
        with losing_the_reply(line, has_happened):
            return call(*arguments)

    monkeypatch.setattr(place, name, lose)


class TestCharge:
    def test_it_is_made_once_and_bears_the_order(self, order: Order, stripe_account: Account) -> None:
        moving.charge(order)
        moving.charge(order)

        (intent,) = stripe_account.intents(order)
        assert (intent.status, intent.amount, intent.currency) == ("succeeded", 2500, "eur")
        assert intent.metadata.to_dict() == {"order_id": order.order_id, "payment_id": order.payment_id}
        payment = payment_of(order)
        assert (payment.gateway, payment.status, payment.gateway_reference) == ("stripe", "CHARGED", intent.id)
        assert Order.objects.get(pk=order.pk).status == Status.PAID

    def test_its_intent_is_stored_before_it_is_confirmed(
        self, order: Order, stripe_account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def look(gateway: StripeGateway, *arguments: Any) -> None:
            (intent,) = stripe_account.intents(order)
            assert (intent.id, intent.status) == (payment_of(order).gateway_reference, "requires_confirmation")
            raise OutsideWorldFailed("Looked.")

        monkeypatch.setattr(StripeGateway, "charge", look)
        with pytest.raises(OutsideWorldFailed, match="Looked"):
            moving.charge(order)

    @pytest.mark.parametrize("name", ["open", "charge"])
    def test_after_a_lost_reply_it_is_looked_up_and_made_once(
        self, name: str, order: Order, stripe_account: Account, line_to_stripe: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_reply_of(name, line_to_stripe, monkeypatch, stripe_account, order)
        with pytest.raises(OutsideWorldFailed, match="Stripe did not answer"):
            moving.charge(order)
        assert payment_of(order).status == Payment.Status.UNKNOWN

        moving.charge(order)

        assert stripe_account.charged(order) == [2500]
        assert len(stripe_account.intents(order)) == 1, "the intent of the lost answer is the one that is charged"
        assert outcomes(order) == ["FAILED", "SUCCEEDED"]

    def test_of_two_attempts_at_once_one_intent_is_charged(
        self, order: Order, stripe_account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create = StripeGateway.open

        def come_second(gateway: StripeGateway, request: Any) -> str:
            Payment.objects.filter(order=order).update(gateway_reference=create(gateway, request))
            return create(gateway, request)

        monkeypatch.setattr(StripeGateway, "open", come_second)
        moving.charge(order)

        first, second = stripe_account.intents(order)
        assert (first.id, first.status) == (payment_of(order).gateway_reference, "succeeded")
        assert second.status == "requires_confirmation"

    def test_an_attempt_that_wakes_up_after_the_cancellation_charges_nothing(
        self, order: Order, stripe_account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create = StripeGateway.open

        def be_late(gateway: StripeGateway, request: Any) -> str:
            monkeypatch.setattr(StripeGateway, "open", create)
            moving.refund(order)
            return create(gateway, request)

        monkeypatch.setattr(StripeGateway, "open", be_late)
        with pytest.raises(OutsideWorldFailed, match="was decided while"):
            moving.charge(order)

        assert stripe_account.charged(order) == []
        assert payment_of(order).status == Payment.Status.DECLINED

    def test_what_an_older_copy_of_the_tables_lacks_is_found_by_the_payment_id(
        self, order: Order, stripe_account: Account
    ) -> None:
        moving.charge(order)
        reference = payment_of(order).gateway_reference
        with past_the_rules():
            PaymentAttempt.objects.all().delete()
            Payment.objects.all().delete()
            Order.objects.filter(pk=order.pk).update(status="CHARGING_PAYMENT")

        adopt_charge(order.order_id)
        moving.charge(order)

        assert stripe_account.charged(order) == [2500]
        assert payment_of(order).gateway_reference == reference

    def test_a_decline_has_stripes_code(self, stripe_account: Account, make_order: MakeOrder) -> None:
        order = make_order(payment_method=stripe_account.card(DECLINED))
        with pytest.raises(PaymentDeclined, match="Your card was declined"):
            moving.charge(order)

        event = order.events.get(kind="payment.declined")
        assert (event.data["code"], event.detail) == ("card_declined", "The customer's bank declined the card.")
        assert payment_of(order).status == Payment.Status.DECLINED

    @pytest.mark.parametrize(
        ("method", "code"),
        [("", "payment_method_missing"), ("tok_1", "payment_method_unknown"), ("pm_of_nobody", "")],
    )
    def test_an_order_without_a_payment_method_of_stripe_is_declined(
        self, method: str, code: str, stripe_account: Account, make_order: MakeOrder
    ) -> None:
        order = make_order(payment_method=method)
        with pytest.raises(PaymentDeclined):
            moving.charge(order)
        assert order.events.get(kind="payment.declined").data["code"] == code
        assert stripe_account.charged(order) == []

    def test_it_waits_for_a_customer_who_has_to_confirm(self, stripe_account: Account, make_order: MakeOrder) -> None:
        order = make_order(payment_method=stripe_account.card(ASKS_CUSTOMER))
        with pytest.raises(PaymentUndecided):
            moving.charge(order)
        assert payment_of(order).status == Payment.Status.REQUIRES_ACTION

    def test_a_key_of_another_account_never_leads_to_a_second_charge(
        self, order: Order, stripe_account: Account
    ) -> None:
        moving.charge(order)
        reference = payment_of(order).gateway_reference
        stripe_account.clear()
        with pytest.raises(OutsideWorldFailed, match=f"Stripe does not have {reference} under this key"):
            find_gateway("stripe").find(moving.request_of(order), reference)

    def test_what_such_an_attempt_opened_during_the_cancellation_is_closed_too(
        self, order: Order, stripe_account: Account, line_to_stripe: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_reply_of("open", line_to_stripe, monkeypatch, stripe_account, order)
        with pytest.raises(OutsideWorldFailed):
            moving.charge(order)
        close = StripeGateway.void

        def be_overtaken(gateway: StripeGateway, request: Any, reference: str) -> Any:
            monkeypatch.setattr(StripeGateway, "void", close)
            closed = close(gateway, request, reference)
            Payment.objects.filter(order=order).update(gateway_reference=gateway.open(request))
            return closed

        monkeypatch.setattr(StripeGateway, "void", be_overtaken)
        with pytest.raises(OutsideWorldFailed, match="was opened at the gateway while it was being closed"):
            moving.refund(order)
        moving.refund(order)

        assert [intent.status for intent in stripe_account.intents(order)] == ["canceled", "canceled"]


class TestRefund:
    def test_a_cancellation_gives_everything_back(self, order: Order, stripe_account: Account) -> None:
        moving.charge(order)
        moving.refund(order)
        assert (stripe_account.refunded(order), payment_of(order).status) == ([2500], Payment.Status.REFUNDED)

    def test_after_a_lost_reply_it_is_looked_up_and_made_once(
        self, order: Order, stripe_account: Account, line_to_stripe: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moving.charge(order)
        lose_reply_of("_ask", line_to_stripe, monkeypatch, stripe_account, order)
        with pytest.raises(OutsideWorldFailed):
            moving.refund(order)

        moving.refund(order)

        assert (stripe_account.refunded(order), payment_of(order).status) == ([2500], Payment.Status.REFUNDED)

    def test_a_cancellation_closes_an_intent_that_nobody_confirmed(
        self, order: Order, stripe_account: Account, line_to_stripe: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lose_reply_of("open", line_to_stripe, monkeypatch, stripe_account, order)
        with pytest.raises(OutsideWorldFailed):
            moving.charge(order)

        moving.refund(order)

        assert [intent.status for intent in stripe_account.intents(order)] == ["canceled"]
        assert payment_of(order).status == Payment.Status.DECLINED

    def test_a_refund_bears_its_key_and_reason(self, order: Order, stripe_account: Account) -> None:
        moving.charge(order)
        asked = RefundRequest(
            *("refund-1", order.payment_id, order.order_id, Money(500, "EUR")),
            payment_of(order).gateway_reference,
            "DAMAGED",
        )
        assert find_gateway("stripe").refund(asked).is_done
        (refund,) = stripe_account.api.refunds.list().data
        assert refund.metadata is not None
        assert refund.metadata.to_dict() == {
            "order_id": order.order_id,
            "payment_id": order.payment_id,
            "refund_key": "refund-1",
            "reason_code": "DAMAGED",
        }


def test_the_books_tell_what_stripe_has_of_each_order(order: Order, stripe_account: Account) -> None:
    moving.charge(order)
    moving.refund(order)
    stripe_account.api.payment_intents.create(
        {"amount": 900, "currency": "eur", "payment_method": VISA, "confirm": True}
    )

    (entry,) = find_gateway("stripe").read_books()

    assert (entry.order_id, entry.charges, entry.charged) == (order.order_id, 1, 2500)
    assert (entry.refunds, entry.refunded) == (1, 2500)


def test_an_authorisation_is_captured_once(order: Order, stripe_account: Account) -> None:
    gateway, request = find_gateway("stripe"), moving.request_of(order)
    reference = gateway.open(request)
    assert gateway.authorise(request, reference).outcome == Outcome.AUTHORISED
    assert stripe_account.charged(order) == []
    assert gateway.capture(request, reference).outcome == Outcome.CHARGED
    assert gateway.capture(request, reference).outcome == Outcome.CHARGED
    assert stripe_account.charged(order) == [2500]


class TestAmounts:
    @pytest.mark.parametrize(
        ("minor", "currency", "at_stripe"),
        [
            *((2500, "EUR", 2500), (2500, "JPY", 2500), (5, "ISK", 500)),
            *((5, "UGX", 500), (500, "MGA", 5), (5120, "KWD", 5120)),
        ],
    )
    def test_they_are_counted_as_stripe_does(self, minor: int, currency: str, at_stripe: int) -> None:
        assert to_stripe(Money(minor, currency)) == at_stripe
        assert from_stripe(at_stripe, currency.lower()) == Money(minor, currency)

    @pytest.mark.parametrize(("minor", "currency"), [(550, "MGA"), (5124, "KWD")])
    def test_what_stripe_cannot_charge_exactly_is_declined(self, minor: int, currency: str) -> None:
        with pytest.raises(PaymentDeclined, match="cannot charge"):
            to_stripe(Money(minor, currency))


class TestSettings:
    @pytest.mark.parametrize(
        ("debug", "key", "base", "sentence"),
        [
            (True, "", "", "STRIPE_API_KEY is not set"),
            (True, "sk_live_1", "", "STRIPE_API_KEY is a live key, and DEBUG is true"),
            (False, "sk_test_1", "", "STRIPE_API_KEY is a test key, and DEBUG is false"),
            (False, "rk_test_1", "", "STRIPE_API_KEY is a test key, and DEBUG is false"),
            (False, "pk_live_1", "", "STRIPE_API_KEY is wrong: a secret key begins with"),
            (False, "sk_live_1", "http://127.0.0.1:1", "STRIPE_API_BASE is for tests, and DEBUG is false"),
        ],
    )
    def test_a_wrong_one_stops_the_start(
        self, debug: bool, key: str, base: str, sentence: str, settings: Settings
    ) -> None:
        settings.DEBUG, settings.PAYMENT_GATEWAYS = debug, [GATEWAY]
        settings.STRIPE = {"STRIPE_API_KEY": key, "STRIPE_API_BASE": base}
        load_plugins.cache_clear()
        with pytest.raises(ImproperlyConfigured, match=sentence) as caught:
            list_gateways()
        assert not key or key not in str(caught.value)

    def test_a_live_key_is_taken_without_debug(self, settings: Settings) -> None:
        settings.PAYMENT_GATEWAYS, settings.STRIPE = [GATEWAY], {"STRIPE_API_KEY": "rk_live_1"}
        load_plugins.cache_clear()
        assert list(list_gateways()) == ["stripe"]
        load_plugins.cache_clear()

    def test_the_version_of_the_api_is_the_librarys(self) -> None:
        """A new library may bring another version; what changed in it is read before both are changed."""
        assert stripe.api_version == API_VERSION
