"""What every gateway promises, asked of each in the same words. docs/gateways.md says how to ask one's own."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

import pytest
from pytest_django import Settings

from orders.errors import OutsideWorldFailed
from orders.models import Payment
from orders.money import Money
from orders.order_facts import Address, Customer
from orders.payments.gateways.interface import (
    AuthorisingGateway,
    BookEntry,
    Charge,
    Outcome,
    PaymentGateway,
    PaymentRequest,
    RefundAnswer,
    RefundRequest,
)
from orders.payments.gateways.registry import gateway_of_new_payments
from tests.making import MakeOrder
from tests.orders.payments import moving
from tests.orders.payments.conftest import PROCESS
from tests.orders.payments.own_gateway import DECLINED_METHOD, OWN, OwnGateway
from tests.orders.payments.stripe_account import DECLINED, GATEWAY, VISA, Account

pytestmark = pytest.mark.django_db

SIMULATED: Final = "orders.payments.gateways.simulated.SimulatedGateway"
ANOTHER: Final = os.environ.get("GATEWAY", "")
SHOP: Final = Address("Long Street 1", "", "10115", "Berlin", "", "DE")


@dataclass(frozen=True)
class Candidate:
    """A gateway to be asked: a payment method that it charges, and what of a request it declines."""

    gateway: PaymentGateway
    method: str = "any"
    declined: Mapping[str, Any] = field(default_factory=dict)
    authorise: Callable[[], str] = lambda: os.environ.get("GATEWAY_AUTHORISATION", "")

    def request(self, **changes: Any) -> PaymentRequest:
        """Ask for 25.00 EUR, or for something else."""
        key = f"pay-{uuid4().hex}"
        asked = PaymentRequest(
            key, f"order-{key}", Money(2500, "EUR"), Customer("Emma", "emma@example.com"), SHOP, self.method
        )
        return replace(asked, **changes)

    def authorised(self) -> PaymentRequest:
        """Ask for what the customer authorised at the shop's checkout, 25.00 EUR."""
        return self.request(payment_method=self.authorise())

    def charged(self) -> tuple[PaymentRequest, Charge]:
        """Ask for a charge and have it."""
        request = self.request()
        charge = self.gateway.charge(request, self.gateway.open(request))
        assert charge.outcome == Outcome.CHARGED
        return request, charge

    def give_back(self, request: PaymentRequest, charge: Charge, minor: int, key: str = "") -> RefundAnswer:
        key = key or f"refund-{uuid4().hex}"
        money = Money(minor, "EUR")
        return self.gateway.refund(
            RefundRequest(key, request.idempotency_key, request.order_id, money, charge.reference)
        )

    def book(self, order_id: str) -> tuple[int, int, int, int]:
        """How often the order was charged, how much, how often money was given back, and how much."""
        entries = [entry for entry in self.gateway.read_books() if entry.order_id == order_id]
        (entry,) = entries or [BookEntry(order_id)]
        return entry.charges, entry.charged, entry.refunds, entry.refunded


@pytest.fixture(
    params=[ANOTHER] if ANOTHER else [SIMULATED, PROCESS, OWN, GATEWAY], ids=lambda path: path.rpartition(".")[2]
)
def candidate(request: pytest.FixtureRequest, settings: Settings) -> Candidate:
    """The gateway that new payments go to."""
    if request.param == GATEWAY:
        account: Account = request.getfixturevalue("stripe_account")
        declined = {"payment_method": account.card(DECLINED)}
        return Candidate(gateway_of_new_payments(), VISA, declined, account.authorise)
    settings.PAYMENT_GATEWAYS = [request.param]
    gateway = gateway_of_new_payments()
    if request.param == OWN:
        OwnGateway.forget()
        return Candidate(gateway, declined={"payment_method": DECLINED_METHOD})
    if request.param == PROCESS:
        request.getfixturevalue("gateway_server")
    if request.param in {SIMULATED, PROCESS}:
        declining = {"customer": Customer("Emma", "emma+declined@example.com")}
        return Candidate(gateway, declined=declining, authorise=lambda: "sim_auth_2500_EUR")
    declined = {"payment_method": os.environ.get("GATEWAY_DECLINED_METHOD", "")}
    return Candidate(gateway, os.environ.get("GATEWAY_METHOD", ""), declined)


@contextmanager
def losing_the_answer_of(gateway: PaymentGateway, name: str) -> Iterator[None]:
    """Let calls of this name take effect, and lose what they answer."""
    call = getattr(type(gateway), name)

    def lose(*arguments: Any) -> None:
        call(*arguments)
        raise OutsideWorldFailed("The answer was lost.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(gateway), name, lose)
        yield


class TestCharge:
    def test_it_takes_the_money_once(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        assert (charge.charged, bool(charge.reference)) == (2500, True)
        assert candidate.book(request.order_id) == (1, 2500, 0, 0)

    def test_the_same_key_takes_it_once(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        again = candidate.gateway.charge(request, charge.reference)
        assert (again.outcome, again.reference, again.charged) == (Outcome.CHARGED, charge.reference, 2500)
        assert candidate.book(request.order_id) == (1, 2500, 0, 0)

    def test_the_same_key_with_another_amount_takes_nothing(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        other = candidate.gateway.charge(replace(request, money=Money(9900, "EUR")), charge.reference)
        assert (other.outcome, other.code) == (Outcome.DECLINED, "idempotency_key_reused")
        assert candidate.book(request.order_id) == (1, 2500, 0, 0)

    def test_a_decline_is_an_answer_and_takes_nothing(self, candidate: Candidate) -> None:
        request = candidate.request(**candidate.declined)
        reference = candidate.gateway.open(request)
        declined = candidate.gateway.charge(request, reference)
        assert (declined.outcome, bool(declined.code)) == (Outcome.DECLINED, True)
        known = candidate.gateway.find(request, reference)
        assert known is None or known.outcome == Outcome.DECLINED
        assert candidate.book(request.order_id) == (0, 0, 0, 0)

    @pytest.mark.parametrize("name", ["open", "charge"])
    def test_after_a_lost_answer_it_is_made_once(self, name: str, candidate: Candidate, make_order: MakeOrder) -> None:
        order = make_order(payment_method=candidate.method)
        with losing_the_answer_of(candidate.gateway, name), pytest.raises(OutsideWorldFailed):
            moving.charge(order)
        assert Payment.objects.get(order=order).status == Payment.Status.UNKNOWN

        moving.charge(order)

        assert Payment.objects.get(order=order).status == Payment.Status.CHARGED
        assert candidate.book(order.order_id) == (1, 2500, 0, 0)


class TestFind:
    def test_it_does_not_know_what_was_never_asked(self, candidate: Candidate) -> None:
        assert candidate.gateway.find(candidate.request(), "") is None

    @pytest.mark.parametrize("is_reference_known", [True, False])
    def test_it_tells_of_the_charge_and_what_was_given_back(
        self, is_reference_known: bool, candidate: Candidate
    ) -> None:
        request, charge = candidate.charged()
        candidate.give_back(request, charge, 500)
        known = candidate.gateway.find(request, charge.reference if is_reference_known else "")
        assert known is not None
        assert (known.outcome, known.reference) == (Outcome.CHARGED, charge.reference)
        assert (known.charged, known.refunded) == (2500, 500)


class TestRefund:
    def test_parts_are_given_back_until_nothing_is_left(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        assert candidate.give_back(request, charge, 500).is_done
        assert candidate.give_back(request, charge, 2000).is_done
        assert candidate.book(request.order_id) == (1, 2500, 2, 2500)

    def test_the_same_key_gives_back_once(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        first, second = (candidate.give_back(request, charge, 500, "refund-1") for _ in range(2))
        assert (first.is_done, second) == (True, first)
        assert candidate.book(request.order_id) == (1, 2500, 1, 500)

    def test_the_same_key_with_another_amount_is_refused(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        candidate.give_back(request, charge, 500, "refund-1")
        other = candidate.give_back(request, charge, 700, "refund-1")
        assert (other.is_done, other.code) == (False, "idempotency_key_reused")
        assert candidate.book(request.order_id) == (1, 2500, 1, 500)

    def test_more_than_is_left_is_refused(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        candidate.give_back(request, charge, 2000)
        refused = candidate.give_back(request, charge, 600)
        assert (refused.is_done, refused.code) == (False, "exceeds_charge")
        assert candidate.book(request.order_id) == (1, 2500, 1, 2000)

    def test_after_a_lost_answer_it_is_given_back_once(self, candidate: Candidate, make_order: MakeOrder) -> None:
        order = make_order(payment_method=candidate.method)
        moving.charge(order)
        with losing_the_answer_of(candidate.gateway, "refund"), pytest.raises(OutsideWorldFailed):
            moving.refund(order)

        moving.refund(order)

        assert Payment.objects.get(order=order).status == Payment.Status.REFUNDED
        assert candidate.book(order.order_id) == (1, 2500, 1, 2500)


class TestVoid:
    @pytest.mark.parametrize("is_opened", [True, False])
    def test_nothing_can_be_taken_afterwards(self, is_opened: bool, candidate: Candidate) -> None:
        request = candidate.request()
        voided = candidate.gateway.void(request, candidate.gateway.open(request) if is_opened else "")
        assert (voided.outcome, voided.charged) == (Outcome.CLOSED, 0)
        assert candidate.gateway.charge(request, voided.reference).outcome != Outcome.CHARGED
        assert candidate.book(request.order_id) == (0, 0, 0, 0)

    def test_it_tells_of_money_that_was_taken(self, candidate: Candidate) -> None:
        request, charge = candidate.charged()
        assert candidate.gateway.void(request, charge.reference).charged == 2500

    def test_after_a_lost_charge_the_money_is_given_back(self, candidate: Candidate, make_order: MakeOrder) -> None:
        order = make_order(payment_method=candidate.method)
        with losing_the_answer_of(candidate.gateway, "charge"), pytest.raises(OutsideWorldFailed):
            moving.charge(order)

        moving.refund(order)

        assert candidate.book(order.order_id) == (1, 2500, 1, 2500)


class TestAuthorisation:
    """Only of a gateway that says how long it holds the money."""

    @pytest.fixture
    def held(self, candidate: Candidate) -> tuple[PaymentRequest, str]:
        if candidate.gateway.authorisation_lasts is None:
            pytest.skip("This gateway does not authorise.")
        request = candidate.request()
        held = candidate.gateway.authorise(request, candidate.gateway.open(request))
        assert (held.outcome, candidate.book(request.order_id)) == (Outcome.AUTHORISED, (0, 0, 0, 0))
        return request, held.reference

    @pytest.fixture
    def accepting(self, candidate: Candidate) -> AuthorisingGateway:
        if not isinstance(candidate.gateway, AuthorisingGateway):
            pytest.skip("This gateway takes no authorisations of shops.")
        return candidate.gateway

    def test_what_the_shop_had_authorised_is_accepted_and_captured_once(
        self, candidate: Candidate, accepting: AuthorisingGateway
    ) -> None:
        request = candidate.authorised()
        assert accepting.names_authorisation(request.payment_method)
        for _ in range(2):
            held = accepting.accept(request, "")
            assert (held.outcome, held.held, bool(held.reference)) == (Outcome.AUTHORISED, Money(2500, "EUR"), True)
            assert held.held_until is not None
        assert candidate.book(request.order_id) == (0, 0, 0, 0)
        for _ in range(2):
            assert accepting.capture(request, held.reference).charged == 2500
        assert accepting.accept(request, held.reference).charged == 2500
        assert candidate.book(request.order_id) == (1, 2500, 0, 0)

    @pytest.mark.parametrize("is_accepted", [True, False])
    def test_what_the_shop_had_authorised_is_let_go(
        self, is_accepted: bool, candidate: Candidate, accepting: AuthorisingGateway
    ) -> None:
        request = candidate.authorised()
        reference = accepting.accept(request, "").reference if is_accepted else ""
        for _ in range(2):
            voided = accepting.void(request, reference)
            assert (voided.outcome, voided.charged) == (Outcome.CLOSED, 0)
        assert accepting.accept(request, reference).outcome == Outcome.CLOSED
        assert accepting.capture(request, reference or voided.reference).outcome != Outcome.CHARGED
        assert candidate.book(request.order_id) == (0, 0, 0, 0)

    def test_it_says_what_is_held_where_the_order_asks_for_something_else(
        self, candidate: Candidate, accepting: AuthorisingGateway
    ) -> None:
        request = replace(candidate.authorised(), money=Money(9900, "EUR"))
        known = accepting.accept(request, "")
        assert (known.outcome, known.held) == (Outcome.AUTHORISED, Money(2500, "EUR"))
        assert accepting.void(request, "").outcome == Outcome.CLOSED

    def test_it_is_captured_once(self, held: tuple[PaymentRequest, str], candidate: Candidate) -> None:
        for _ in range(2):
            captured = candidate.gateway.capture(*held)
            assert (captured.outcome, captured.charged) == (Outcome.CHARGED, 2500)
        assert candidate.book(held[0].order_id) == (1, 2500, 0, 0)

    def test_it_is_let_go(self, held: tuple[PaymentRequest, str], candidate: Candidate) -> None:
        assert candidate.gateway.void(*held).outcome == Outcome.CLOSED
        assert candidate.gateway.capture(*held).outcome != Outcome.CHARGED
        assert candidate.book(held[0].order_id) == (0, 0, 0, 0)
