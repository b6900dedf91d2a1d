"""What the workflow reports, each step once: receipt, shipping, closing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from orders import contracts
from orders.decisions import closing, decide
from orders.errors import IllegalTransition, OrderClosed, OrderInvalid, OrderNotFound, ShippingRefused
from orders.events import EventKind
from orders.intake import receipt
from orders.intake.drafts import LineDraft
from orders.lifecycle import attempts
from orders.models import CarrierBooking, Order, OrderEvent, Shipment
from orders.payments.refund import refund_payment
from orders.permissions import TerminalOperator
from orders.shipping import ship
from orders.shipping.partners.registry import carrier_of_new_shipments, find_warehouse
from orders.states import HAPPY_PATH, ReasonCode, Status
from tests.database import past_the_rules
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def timeout_of(order: Order) -> contracts.ProcessCancellation:
    return contracts.ProcessCancellation(order.order_id, ReasonCode.APPROVAL_TIMEOUT, "Nobody decided in time.")


def test_a_run_is_told_how_long_to_wait_for_a_decision(make_order: MakeOrder, settings: Settings) -> None:
    settings.ORDER_APPROVAL_TIMEOUT = 90

    received = receipt.receive_order(contracts.ReceiveOrder(make_order("CREATED").order_id, "run"))

    assert received.approval_seconds == 90


def test_an_order_walks_the_whole_way_with_one_event_a_status(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    assert [event.status for event in order.events.all() if event.status] == list(HAPPY_PATH)


def test_a_repeated_step_adds_nothing(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    events = order.events.count()
    receipt.validate_order(contracts.ValidateOrder(order.order_id, timezone.now().isoformat()))
    receipt.receive_order(contracts.ReceiveOrder(order.order_id, "run"))
    assert order.events.count() == events


def test_a_late_step_does_not_take_the_order_back(make_order: MakeOrder) -> None:
    order = make_order("DISPATCHED")
    answer = ship.prepare_package(contracts.PreparePackage(order.order_id))
    order.refresh_from_db()
    assert order.status == Status.DISPATCHED
    assert answer.shipment_id == order.shipment.shipment_id


def test_receiving_an_unknown_order_says_so() -> None:
    with pytest.raises(OrderNotFound, match="There is no order order-NONE"):
        receipt.receive_order(contracts.ReceiveOrder("order-NONE"))


def test_a_final_order_is_not_received_again(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    with pytest.raises(OrderClosed, match="is completed"):
        receipt.receive_order(contracts.ReceiveOrder(order.order_id, "another run"))


def test_waiting_orders_carry_their_deadline(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL", deadline_seconds=7200)
    assert order.approval_deadline is not None
    assert timedelta(hours=1) < order.approval_deadline - timezone.now() <= timedelta(hours=2)


def test_a_sold_out_article_makes_the_order_invalid(make_order: MakeOrder) -> None:
    lines = (LineDraft("SOLDOUT-1", "Rare thing", 1, 100),)
    with pytest.raises(OrderInvalid, match="SOLDOUT-1 is sold out"):
        make_order("PENDING_MANUAL_APPROVAL", lines=lines)


def test_a_wrong_total_makes_the_order_invalid(make_order: MakeOrder) -> None:
    order = make_order("CREATED")
    with past_the_rules():
        Order.objects.filter(pk=order.pk).update(total=1)
    with pytest.raises(OrderInvalid, match="not the sum"):
        receipt.validate_order(contracts.ValidateOrder(order.order_id, timezone.now().isoformat()))


def test_a_step_cannot_be_left_out(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    with pytest.raises(IllegalTransition):
        closing.complete_order(contracts.CompleteOrder(order.order_id))


def test_a_decision_that_came_over_temporal_alone_is_written_down(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    decision = contracts.Decision("from-the-cli", "", "because")
    closing.process_cancellation(contracts.ProcessCancellation(order.order_id, ReasonCode.STAFF, "because", decision))
    order.refresh_from_db()
    assert (order.decision, order.decided_by, order.reason) == ("cancel", contracts.UNNAMED_ACTOR, "because")
    assert order.events.filter(kind=EventKind.CANCELLATION_REQUESTED, actor=contracts.UNNAMED_ACTOR).count() == 1


def test_texts_from_outside_are_made_fit_to_be_written(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    decision = contracts.Decision("d" * 500, "a\x00" * 200, "r\x00" * 5000)
    closing.process_cancellation(
        contracts.ProcessCancellation(order.order_id, ReasonCode.STAFF, "x\x00" * 5000, decision)
    )
    order.refresh_from_db()
    assert order.status == Status.CANCELLED
    assert len(order.decided_by) == 150
    assert len(order.reason) == 2000


def test_a_deadline_cancels_with_its_reason(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    assert closing.process_cancellation(timeout_of(order)).is_cancelled
    order.refresh_from_db()
    assert (order.status, order.reason_code) == (Status.CANCELLED, ReasonCode.APPROVAL_TIMEOUT)


def test_an_approval_that_is_still_on_its_way_beats_the_deadline(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    decide.approve_order(order, actor=TerminalOperator("bob"))
    answer = closing.process_cancellation(timeout_of(order))
    order.refresh_from_db()
    assert not answer.is_cancelled
    assert answer.approval == contracts.Decision(order.decision_id, "bob")
    assert order.status == Status.PENDING_MANUAL_APPROVAL


def test_a_cancellation_that_is_still_on_its_way_beats_the_completion(make_order: MakeOrder) -> None:
    order = make_order("DISPATCHED")
    decide.cancel_order(order, actor=TerminalOperator("dana"), reason="Fraud")
    answer = closing.complete_order(contracts.CompleteOrder(order.order_id))
    order.refresh_from_db()
    assert not answer.is_completed
    assert answer.cancellation == contracts.Decision(order.decision_id, "dana", "Fraud")
    assert order.status == Status.DISPATCHED


def test_a_cancellation_that_the_run_knows_of_beats_the_completion(make_order: MakeOrder) -> None:
    order = make_order("DISPATCHED")
    dana = contracts.Decision("d-dana", "dana", "Fraud")
    answer = closing.complete_order(contracts.CompleteOrder(order.order_id, dana))
    assert answer == contracts.OrderCompleted(is_completed=False, cancellation=dana)
    from_before = closing.complete_order(contracts.CompleteOrder(order.order_id))  # an attempt that hung
    assert not from_before.is_completed


def test_a_cancellation_that_the_run_knows_of_is_too_late_for_a_completed_order(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    dana = contracts.Decision("d-dana", "dana", "Fraud")
    assert closing.complete_order(contracts.CompleteOrder(order.order_id, dana)) == contracts.OrderCompleted()
    order.refresh_from_db()
    assert order.status == "COMPLETED"


def test_a_repeated_validation_answers_the_deadline_that_was_written_first(make_order: MakeOrder) -> None:
    order = make_order("CREATED")
    first, later = "2030-01-01T00:00:00+00:00", "2030-01-01T00:00:10+00:00"
    for deadline in (first, later):
        answer = receipt.validate_order(contracts.ValidateOrder(order.order_id, deadline))
        assert answer.deadline == first


def test_an_order_is_not_cancelled_while_its_money_is_not_back(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    with pytest.raises(IllegalTransition, match="refund is not complete"):
        closing.process_cancellation(contracts.ProcessCancellation(order.order_id, ReasonCode.STAFF, ""))


def test_a_dispatched_parcel_is_called_back(make_order: MakeOrder) -> None:
    order = make_order("CANCELLED", cancelled_from="DISPATCHED")
    assert order.shipment.status == Shipment.Status.RECALLED
    assert CarrierBooking.objects.get(shipment_id=order.shipment.shipment_id).recalled_at is not None


def test_an_order_that_is_being_cancelled_cannot_be_shipped(make_order: MakeOrder) -> None:
    order = make_order("CANCELLING", cancelled_from="PACKAGE_PREPARED")
    with pytest.raises(ShippingRefused):
        ship.dispatch_carrier(contracts.DispatchCarrier(order.order_id, order.shipment.shipment_id))
    assert not CarrierBooking.objects.exists(), "the carrier was asked"


def test_the_carrier_may_refuse_a_postcode(make_order: MakeOrder) -> None:
    with pytest.raises(ShippingRefused, match="does not deliver to postcode 00000"):
        make_order("DISPATCHED", address_postcode="00000")


def test_a_failed_attempt_is_written_down_once(make_order: MakeOrder) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    for error in ("The gateway broke.", "No answer within 5 s."):
        attempts.record_failed_attempt(order.order_id, "charge_payment", 1, error)
    [event] = order.events.filter(kind=EventKind.STEP_FAILED)
    assert event.detail == "The gateway broke."


def test_the_attempts_of_each_run_are_written_down(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    for run_id in ("refund-1", "refund-2", "refund-2"):
        attempts.record_failed_attempt(order.order_id, "give_back_refund", 1, run_id, run_id=run_id)
    assert [event.detail for event in order.events.filter(kind=EventKind.STEP_FAILED)] == ["refund-1", "refund-2"]


def test_the_version_grows_with_each_event(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    assert order.version == order.events.count()


def test_postgresql_refuses_to_rewrite_history(make_order: MakeOrder) -> None:
    order = make_order("CREATED")
    for change in (order.events.all().delete, lambda: OrderEvent.objects.filter(order=order).update(actor="nobody")):
        with pytest.raises(IntegrityError, match=r"only ever added|never removed"), transaction.atomic():
            change()


class TestCancelledMeanwhile:
    """While the warehouse or the carrier takes its time, no row is locked: so the order can still be cancelled."""

    @pytest.fixture
    def cancel_during(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[object, str, Order], None]:
        """Return a function that has an order's cancellation begin while a call to the outside world is made."""

        def arrange(outside: object, name: str, order: Order) -> None:
            call = getattr(outside, name)

            def take_time(*arguments: object) -> object:
                answer = call(*arguments)
                refund_payment(contracts.RefundPayment(order.order_id, order.payment_id, "STAFF", "Fraud"))
                return answer

            monkeypatch.setattr(outside, name, take_time)

        return arrange

    def test_a_parcel_that_was_packed_meanwhile_is_not_counted(
        self, make_order: MakeOrder, cancel_during: Callable[[object, str, Order], None]
    ) -> None:
        order = make_order("PAID")
        cancel_during(find_warehouse(), "pack", order)

        with pytest.raises(ShippingRefused, match="being cancelled"):
            ship.prepare_package(contracts.PreparePackage(order.order_id))

        order.refresh_from_db()
        assert order.status == "CANCELLING"
        assert not Shipment.objects.filter(order=order).exists()

    def test_a_parcel_that_the_carrier_took_meanwhile_is_called_back(
        self, make_order: MakeOrder, cancel_during: Callable[[object, str, Order], None]
    ) -> None:
        order = make_order("PACKAGE_PREPARED")
        cancel_during(carrier_of_new_shipments(), "book", order)

        with pytest.raises(ShippingRefused, match="being cancelled"):
            ship.dispatch_carrier(
                contracts.DispatchCarrier(order.order_id, contracts.shipping_workflow_id(order.order_id))
            )

        order.refresh_from_db()
        assert order.status == "CANCELLING"
        assert Shipment.objects.get(order=order).status == "PREPARED"
        closing.process_cancellation(contracts.ProcessCancellation(order.order_id, "STAFF", "Fraud"))
        assert CarrierBooking.objects.get().recalled_at is not None
