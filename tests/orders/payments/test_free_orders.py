"""Orders that cost nothing: no gateway is asked, nothing is declined, nothing is refunded, and everybody says so."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client

from console.order.feedback import judge_decision
from orders import contracts
from orders.decisions import decide
from orders.engine.audit import audit_orders
from orders.intake import submission
from orders.intake.drafts import LineDraft
from orders.lifecycle import statuses
from orders.models import GatewayMovement, Order, Payment
from orders.payments.charge import charge_payment
from orders.payments.gateways.registry import gateway_of_new_payments
from orders.payments.refund import refund_payment
from orders.permissions import TerminalOperator
from orders.states import ReasonCode
from tests.asking import text_of
from tests.database import past_the_rules
from tests.making import MakeOrder, approve, make_draft, make_user
from tests.waiting import wait_for_status

gateway = gateway_of_new_payments()


FREE = (LineDraft("GIFT-1", "A gift", 2, 0), LineDraft("GIFT-2", "Another", 1, 0))
DECLINING = "emma+declined@example.com"


@pytest.fixture(autouse=True)
def nobody_asks_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*args: object) -> None:
        raise AssertionError("the gateway was asked about nothing")

    for name in ("open", "find", "charge", "authorise", "capture", "void", "refund"):
        monkeypatch.setattr(gateway, name, ask)


@pytest.fixture
def free(make_order: MakeOrder) -> MakeOrder:
    def make(status: str = "PENDING_MANUAL_APPROVAL", **changes: object) -> Order:
        return make_order(status, lines=FREE, customer_email=DECLINING, **changes)

    return make


def charge(order: Order) -> contracts.PaymentCharged:
    approve(order)
    return charge_payment(contracts.ChargePayment(order.order_id, order.payment_id))


def refund(order: Order) -> contracts.PaymentRefunded:
    return refund_payment(contracts.RefundPayment(order.order_id, order.payment_id, ReasonCode.STAFF, "No."))


def titles(order: Order) -> list[str]:
    return [event.title for event in order.events.all()]


@pytest.mark.django_db
class TestMoney:
    def test_it_is_paid_without_a_charge(self, free: MakeOrder) -> None:
        order = free()
        answer = charge(order)
        order.refresh_from_db()
        assert (answer.amount, answer.currency, answer.gateway_reference) == (0, "EUR", "")
        assert order.status == "PAID"
        assert (order.payment.status, order.payment.gateway, order.payment.amount) == ("NOTHING_DUE", "", 0)
        assert not order.payment.attempts.exists()
        assert titles(order)[-3:] == ["Charging payment", "Nothing to charge", "Paid"]

    def test_a_repeated_step_adds_nothing(self, free: MakeOrder) -> None:
        order = free("PAID")
        before = titles(order)
        assert charge(order) == charge(order)
        assert titles(order) == before

    @pytest.mark.parametrize("status", ["PAID", "PACKAGE_PREPARED", "DISPATCHED"])
    def test_a_cancellation_says_that_there_is_nothing_to_refund(self, free: MakeOrder, status: str) -> None:
        order = free("CANCELLED", cancelled_from=status)
        assert order.payment.status == "NOTHING_DUE"
        assert "Nothing to refund" in titles(order)
        assert not any(title.startswith("Refunded") for title in titles(order))

    def test_a_repeated_refund_adds_nothing(self, free: MakeOrder) -> None:
        order = free("PAID")
        assert refund(order) == refund(order) == contracts.PaymentRefunded(order.payment_id, 0, "")
        assert titles(order).count("Nothing to refund") == 1

    @pytest.mark.parametrize("step", [charge, refund])
    def test_a_charge_that_an_earlier_release_began_is_closed(self, free: MakeOrder, step: object) -> None:
        order = approve(free())
        statuses.advance(order, "CHARGING_PAYMENT")  # type: ignore[arg-type]
        facts = {"payment_id": order.payment_id, "order": order, "amount": 0, "currency": "EUR"}
        with past_the_rules():
            Payment.objects.create(**facts, gateway="simulated")
        assert callable(step)
        step(order)
        assert Payment.objects.get(order=order).status == "NOTHING_DUE"

    def test_what_has_a_price_is_never_due_nothing(self, make_order: MakeOrder) -> None:
        payment = make_order("CHARGING_PAYMENT").payment
        with pytest.raises(IntegrityError, match="payment_with_nothing_due_is_of_nothing"), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(status="NOTHING_DUE")


@pytest.mark.django_db
class TestWords:
    def test_the_page_says_so(self, free: MakeOrder, bob: User, client: Client) -> None:
        client.force_login(bob)
        page = text_of(client.get(free("PAID").get_absolute_url()))
        assert "Nothing to charge" in page
        assert "Gateway" not in page
        assert "The order total is zero, so there is nothing to refund." in page
        assert "refunded to the customer" not in page

    def test_the_page_says_so_before_the_charge_and_after_a_cancellation(
        self, free: MakeOrder, bob: User, client: Client
    ) -> None:
        client.force_login(bob)
        for order in (free(), free("CANCELLED")):
            assert "Nothing to charge: the order total is zero." in text_of(client.get(order.get_absolute_url()))

    def test_the_audit_counts_them_and_does_not_complain(self, free: MakeOrder, make_order: MakeOrder) -> None:
        for status in ("PENDING_MANUAL_APPROVAL", "PAID", "CANCELLED"):
            free(status)
        free("CANCELLED", cancelled_from="PAID")
        audit = audit_orders()
        assert audit.nothing_to_charge == 2
        assert audit.discrepancies == ()

    def test_a_charge_for_a_free_order_is_still_found(self, free: MakeOrder) -> None:
        order = free("PAID")
        GatewayMovement.objects.create(
            idempotency_key="k",
            kind="CHARGE",
            amount=5,
            currency="EUR",
            merchant_reference=order.order_id,
            reference="r",
        )
        assert [found.order_id for found in audit_orders().discrepancies] == [order.order_id]

    def test_approving_says_what_comes_next(self, free: MakeOrder, bob: User, client: Client) -> None:
        client.force_login(bob)
        order = free()
        message = decide.approve_order(order, actor=bob)
        order.decisions.update(outcome="ACCEPTED", answered_at=message.created_at)
        assert "packed next" in judge_decision(decide.find_decision(message), message, None).sentence


@pytest.mark.django_db(transaction=True)
class TestWholeWay:
    def test_a_free_order_with_a_declining_card_is_completed(self, workers_running: object) -> None:
        draft = make_draft(lines=FREE, customer_email=DECLINING)
        order = submission.submit_order(draft, actor=make_user("alice", "clerk"), idempotency_key="free")
        wait_for_status(order, "PENDING_MANUAL_APPROVAL")
        decide.approve_order(order, actor=TerminalOperator("bob"))
        wait_for_status(order, "COMPLETED")
        assert order.payment.status == "NOTHING_DUE"
        assert not GatewayMovement.objects.exists()
