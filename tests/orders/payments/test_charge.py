"""orders.payments.charge: one charge, whatever happens between us and the gateway."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from orders import contracts
from orders.decisions import decide
from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.events import EventKind
from orders.models import Payment, PaymentAttempt
from orders.payments.attempts import Call
from orders.payments.charge import _begin_charge, charge_payment
from orders.payments.gateways import registry
from orders.payments.gateways.interface import Charge, Outcome, PaymentRequest
from orders.payments.gateways.simulated import SimulatedGateway
from orders.permissions import TerminalOperator
from orders.plugins import load_plugins
from orders.states import Status
from tests.making import MakeOrder, approve
from tests.orders.payments.moving import charge, movements

pytestmark = pytest.mark.django_db


def test_it_charges_the_total_once(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    assert (order.payment.status, order.payment.amount, order.payment.currency) == ("CHARGED", 2500, "EUR")
    assert order.payment.payment_id == order.payment_id
    assert movements(order) == ["CHARGE"]


def test_a_repeated_charge_charges_nothing_and_answers_the_same(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    assert charge(order) == charge(order)
    assert movements(order) == ["CHARGE"]
    assert order.payment.attempts.count() == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_retry_after_an_unknown_outcome_charges_once(
    make_order: MakeOrder, break_next_call: Callable[[str], None], moment: str
) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    break_next_call(moment)
    with pytest.raises(OutsideWorldFailed):
        charge(order)
    charge(order)
    order.refresh_from_db()
    assert order.status == Status.PAID
    assert movements(order) == ["CHARGE"]
    assert [attempt.outcome for attempt in order.payment.attempts.all()] == ["FAILED", "SUCCEEDED"]


def test_a_retry_that_finds_the_row_still_charges(make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT")
    assert movements(order) == []
    charge(order)
    assert movements(order) == ["CHARGE"]


def test_a_declined_card_is_a_refusal_for_good(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL", customer_email="emma+declined@example.com")
    with pytest.raises(PaymentDeclined, match="declined the card"):
        charge(order)
    assert order.payment.status == Payment.Status.DECLINED
    assert [attempt.outcome for attempt in order.payment.attempts.all()] == [PaymentAttempt.Outcome.DECLINED]
    assert movements(order) == []


def test_a_charge_after_the_cancellation_is_not_even_tried(make_order: MakeOrder) -> None:
    order = make_order("CANCELLING")
    with pytest.raises(PaymentDeclined, match="being cancelled"):
        charge(order)
    assert not Payment.objects.filter(order=order).exists()


def test_an_approval_that_is_learned_late_does_not_hide_a_cancellation(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    decide.cancel_order(order, actor=TerminalOperator("dana"), reason="Fraud")
    approval = contracts.Decision("from-the-cli", "olga")
    charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, approval))
    order.refresh_from_db()
    assert (order.decision, order.decided_by) == ("cancel", "dana")
    assert order.events.filter(kind=EventKind.APPROVED, actor="olga").count() == 1


def test_an_approval_under_another_orders_id_is_written_under_its_own(make_order: MakeOrder) -> None:
    first, second = make_order("PENDING_MANUAL_APPROVAL"), make_order("PENDING_MANUAL_APPROVAL")
    decision = contracts.Decision("the-same", "olga")
    for order in (first, second, second):
        charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, decision))
    assert first.decisions.get().decision_id == "the-same"
    assert second.decisions.get().decision_id != "the-same"
    assert {first.decisions.get().outcome, second.decisions.get().outcome} == {"ACCEPTED"}


class ForgetfulGateway(SimulatedGateway):
    """A gateway that keeps its books and knows no idempotency: whoever charges twice takes the money twice."""

    name = "forgetful"  # type: ignore[misc]

    def __init__(self) -> None:
        self.charges: list[PaymentRequest] = []
        self.answers_lost = 0

    def find(self, request: PaymentRequest, reference: str) -> Charge | None:
        keys = [charge.idempotency_key for charge in self.charges]
        return self._answer(keys.index(request.idempotency_key)) if request.idempotency_key in keys else None

    def charge(self, request: PaymentRequest, reference: str) -> Charge:
        self.charges.append(request)
        if self.answers_lost:
            self.answers_lost -= 1
            raise OutsideWorldFailed("The payment gateway did not answer.")
        return self._answer(len(self.charges) - 1)

    def _answer(self, number: int) -> Charge:
        return Charge(Outcome.CHARGED, f"charge-{number}", charged=self.charges[number].money.minor)


@pytest.fixture
def forgetful(settings: Settings) -> ForgetfulGateway:
    settings.PAYMENT_GATEWAYS = [f"{__name__}.ForgetfulGateway", *settings.PAYMENT_GATEWAYS]
    load_plugins.cache_clear()
    gateway = registry.find_gateway("forgetful")
    assert isinstance(gateway, ForgetfulGateway)
    return gateway


class TestWithAGatewayThatIsNotIdempotent:
    """The gateway is asked before a charge is repeated; that one key charges once is its promise, and not ours."""

    def test_a_charge_whose_answer_was_lost_is_found_and_not_made_again(
        self, make_order: MakeOrder, forgetful: ForgetfulGateway
    ) -> None:
        order = make_order()
        forgetful.answers_lost = 1
        with pytest.raises(OutsideWorldFailed):
            charge(order)

        assert charge(order).gateway_reference == "charge-0"
        assert len(forgetful.charges) == 1

    def test_a_worker_that_died_in_the_charge_does_not_have_it_made_again(
        self, make_order: MakeOrder, forgetful: ForgetfulGateway
    ) -> None:
        order = approve(make_order())
        call = _begin_charge(contracts.ChargePayment(order.order_id, order.payment_id))
        assert isinstance(call, Call)
        forgetful.charge(call.request, "")

        charge(order)

        assert len(forgetful.charges) == 1
        assert Payment.objects.get(order=order).status == "CHARGED"

    def test_a_charge_that_never_arrived_is_made(self, make_order: MakeOrder, forgetful: ForgetfulGateway) -> None:
        order = make_order("CHARGING_PAYMENT")

        charge(order)

        assert [made.idempotency_key for made in forgetful.charges] == [order.payment_id]
