"""orders.payments: one charge, whatever happens between us and the gateway."""

from collections.abc import Callable

import pytest

from orders import contracts, payments, services, simulation
from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.events import EventKind
from orders.gateways import ChargeRequest, Refund, gateway
from orders.models import GatewayMovement, Order, Payment, PaymentAttempt
from orders.permissions import TerminalOperator
from orders.states import ReasonCode, Status
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def charge(order: Order) -> contracts.PaymentCharged:
    return payments.charge_payment(contracts.ChargePayment(order.order_id, order.payment_id))


def refund(order: Order) -> contracts.PaymentRefunded:
    return payments.refund_payment(contracts.RefundPayment(order.order_id, order.payment_id, ReasonCode.STAFF, "No."))


def movements(order: Order) -> list[str]:
    """What the gateway's own books say of the order."""
    return [movement.kind for movement in GatewayMovement.objects.filter(merchant_reference=order.order_id)]


@pytest.fixture
def break_next_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes the next call to the outside world fail, before or after its effect."""

    def break_it(moment: str) -> None:
        def call(name: str, effect: Callable[[], object]) -> object:
            monkeypatch.setattr("orders.gateways.call_outside_world", simulation.call_outside_world)
            if moment == "after":
                effect()
            raise OutsideWorldFailed("The payment gateway answered with an internal error.")

        monkeypatch.setattr("orders.gateways.call_outside_world", call)

    return break_it


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
    request = payments._begin_attempt(order, order.payment, PaymentAttempt.Kind.CHARGE).request
    refund(order)
    with pytest.raises(PaymentDeclined, match="closed"):
        gateway.charge(request)
    assert movements(order) == ["VOID"]


def test_a_charge_after_the_cancellation_is_not_even_tried(make_order: MakeOrder) -> None:
    order = make_order("CANCELLING")
    with pytest.raises(PaymentDeclined, match="being cancelled"):
        charge(order)
    assert not Payment.objects.filter(order=order).exists()


def test_an_order_that_was_never_charged_needs_no_refund(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    assert refund(order).amount == 0
    assert movements(order) == []


def test_a_charge_that_is_answered_during_the_refund_does_not_take_the_order_back(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    refund(order)
    payments._write_charge(contracts.ChargePayment(order.order_id, order.payment_id), "late")
    order.refresh_from_db()
    assert (order.status, order.payment.status) == (Status.CANCELLING, Payment.Status.REFUNDED)


def test_an_approval_that_is_learned_late_does_not_hide_a_cancellation(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    services.cancel_order(order, actor=TerminalOperator("dana"), reason="Fraud")
    approval = contracts.Decision("from-the-cli", "olga")
    payments.charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, approval))
    order.refresh_from_db()
    assert (order.decision, order.decided_by) == ("cancel", "dana")
    assert order.events.filter(kind=EventKind.APPROVED, actor="olga").count() == 1


def test_an_approval_under_another_orders_id_is_written_under_its_own(make_order: MakeOrder) -> None:
    first, second = make_order("PENDING_MANUAL_APPROVAL"), make_order("PENDING_MANUAL_APPROVAL")
    decision = contracts.Decision("the-same", "olga")
    for order in (first, second, second):
        payments.charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, decision))
    assert first.decisions.get().decision_id == "the-same"
    assert second.decisions.get().decision_id != "the-same"
    assert {first.decisions.get().outcome, second.decisions.get().outcome} == {"ACCEPTED"}


def test_money_that_was_given_back_is_not_taken_again_under_the_same_key(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    refund(order)
    request = payments._begin_attempt(order, order.payment, PaymentAttempt.Kind.CHARGE).request
    assert gateway.find_charge(order.payment_id) is None
    with pytest.raises(PaymentDeclined, match="given back"):
        gateway.charge(request)
    assert movements(order) == ["CHARGE", "REFUND"]


class ForgetfulGateway:
    """A gateway that keeps its books and knows no idempotency: whoever charges twice takes the money twice."""

    name = "forgetful"

    def __init__(self) -> None:
        self.charges: list[ChargeRequest] = []
        self.answers_lost = 0

    def find_charge(self, idempotency_key: str) -> str | None:
        found = [number for number, charge in enumerate(self.charges) if charge.idempotency_key == idempotency_key]
        return f"charge-{found[0]}" if found else None

    def has_charged(self, idempotency_key: str) -> bool:
        return self.find_charge(idempotency_key) is not None

    def charge(self, request: ChargeRequest) -> str:
        self.charges.append(request)
        if self.answers_lost:
            self.answers_lost -= 1
            raise OutsideWorldFailed("The payment gateway did not answer.")
        return f"charge-{len(self.charges) - 1}"

    def refund(self, request: ChargeRequest) -> Refund:
        raise AssertionError("nothing is given back here")


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> ForgetfulGateway:
    fake = ForgetfulGateway()
    monkeypatch.setattr(payments, "gateway", fake)
    return fake


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
        order = make_order()
        call = payments._begin_charge(contracts.ChargePayment(order.order_id, order.payment_id))
        assert isinstance(call, payments._Call)
        forgetful.charge(call.request)

        charge(order)

        assert len(forgetful.charges) == 1
        assert Payment.objects.get(order=order).status == "CHARGED"

    def test_a_charge_that_never_arrived_is_made(self, make_order: MakeOrder, forgetful: ForgetfulGateway) -> None:
        order = make_order("CHARGING_PAYMENT")

        charge(order)

        assert [made.idempotency_key for made in forgetful.charges] == [order.payment_id]
