"""What the workflow reports, written down. The only module that writes an order's status.

Each function is one call of an activity and safe to repeat: a step that was done before is not done again, and an
event is written once. Calls to the outside world are made before the transaction, so that no row is locked meanwhile.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from orders import contracts
from orders.carriers import carrier, warehouse
from orders.errors import IllegalTransition, OrderInvalid, OrderNotFound, ShippingRefused, TooLate
from orders.history import add_event, clean_text, lock_order, write_decision
from orders.models import Order, Payment, Shipment
from orders.money import add_up
from orders.states import (
    REASON_LABELS,
    STATUS_LABELS,
    DecisionKind,
    ReasonCode,
    Status,
    check_transition,
    is_at_or_past,
)

UNSETTLED: Final = (Payment.Status.PENDING, Payment.Status.CHARGED)


def advance(order: Order, status: Status, *, detail: str = "", actor: str = "") -> bool:
    """Move a locked order to `status` with an event, and tell whether it moved.

    An order that is there or further on the same way stays. Raises IllegalTransition for a step that may not follow.
    """
    if is_at_or_past(Status(order.status), status):
        return False
    check_transition(Status(order.status), status)
    order.status = status
    order.save(update_fields=["status", "reason_code", "reason", "approval_deadline", "updated_at"])
    add_event(order, key=f"status:{status}", title=STATUS_LABELS[status], detail=detail, actor=actor, status=status)
    return True


def record_decision(order: Order, kind: DecisionKind, decision: contracts.Decision | None) -> None:
    """Write down a decision that came over Temporal, unless a person took it here and it is written already."""
    if decision is None or not decision.decision_id:
        return
    write_decision(order, kind, replace(decision, actor=decision.actor or contracts.UNNAMED_ACTOR))


def begin_cancelling(
    order: Order, *, reason_code: str, reason: str, decision: contracts.Decision | None = None
) -> None:
    """Take a locked order out of the ordinary way, with the reason why; nothing happens when it has left already."""
    record_decision(order, DecisionKind.CANCEL, decision)
    if not is_at_or_past(Status(order.status), Status.CANCELLING):
        order.reason_code, order.reason = ReasonCode(reason_code), clean_text(reason)
        advance(order, Status.CANCELLING, detail=reason or REASON_LABELS[ReasonCode(reason_code)])


def read_order(order_id: str) -> Order:
    """Return the order as it is. Raises OrderNotFound."""
    try:
        return Order.objects.get(order_id=order_id)
    except Order.DoesNotExist as error:
        raise OrderNotFound(order_id) from error


@transaction.atomic
def receive_order(command: contracts.ReceiveOrder) -> contracts.OrderReceived:
    """Write down that the workflow has taken the order, and in which run.

    Raises OrderNotFound, and TooLate when the order is final.
    """
    order = lock_order(command.order_id)
    if not order.is_open:
        raise TooLate(f"The order is {order.get_status_display().lower()} already.")
    order.run_id = command.run_id
    order.save(update_fields=["run_id", "updated_at"])
    add_event(order, key=f"received:{command.run_id}", title="Received by the workflow")
    return contracts.OrderReceived(payment_id=order.payment_id)


def validate_order(command: contracts.ValidateOrder) -> None:
    """Check the order and put it before the people who decide, until `deadline`.

    Raises OrderInvalid when it can never be carried out, OutsideWorldFailed when the warehouse does not answer.
    """
    order = read_order(command.order_id)
    if is_at_or_past(Status(order.status), Status.PENDING_MANUAL_APPROVAL):
        return
    lines = list(order.lines.select_related("order"))
    if not lines:
        raise OrderInvalid("The order has no lines.")
    if add_up((line.total_money for line in lines), order.currency) != order.total_money:
        raise OrderInvalid("The order's total is not the sum of its lines.")
    warehouse.check_stock(line.sku for line in lines)
    with transaction.atomic():
        order = lock_order(command.order_id)
        order.approval_deadline = datetime.fromisoformat(command.deadline)
        advance(order, Status.VALIDATED)
        advance(order, Status.PENDING_MANUAL_APPROVAL)


def prepare_package(command: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the parcel, and open the order's shipment. Raises OutsideWorldFailed."""
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    package_reference = warehouse.pack(shipment_id)
    with transaction.atomic():
        order = lock_order(command.order_id)
        _refuse_when_cancelling(order)
        shipment, _ = Shipment.objects.get_or_create(
            shipment_id=shipment_id, defaults={"order": order, "package_reference": package_reference}
        )
        advance(order, Status.PACKAGE_PREPARED, detail=shipment.package_reference)
    return contracts.PackagePrepared(shipment_id, shipment.package_reference)


def dispatch_carrier(command: contracts.DispatchCarrier) -> contracts.CarrierDispatched:
    """Hand the parcel to the carrier. Raises ShippingRefused for good, OutsideWorldFailed for now."""
    order = read_order(command.order_id)
    _refuse_when_cancelling(order)
    tracking_number = carrier.book(command.shipment_id, order.address_postcode)
    with transaction.atomic():
        order = lock_order(command.order_id)
        _refuse_when_cancelling(order)
        if advance(order, Status.DISPATCHED, detail=f"{carrier.name}, tracking number {tracking_number}"):
            Shipment.objects.filter(shipment_id=command.shipment_id).update(
                status=Shipment.Status.DISPATCHED,
                carrier=carrier.name,
                tracking_number=tracking_number,
                dispatched_at=timezone.now(),
            )
    return contracts.CarrierDispatched(command.shipment_id, carrier.name, tracking_number)


def _refuse_when_cancelling(order: Order) -> None:
    if is_at_or_past(Status(order.status), Status.CANCELLING):
        raise ShippingRefused("The order is being cancelled.")


@transaction.atomic
def complete_order(command: contracts.CompleteOrder) -> contracts.OrderCompleted:
    """Bring the order to its good end, unless a person was told before that it is being cancelled."""
    order = lock_order(command.order_id)
    if order.is_open and order.is_cancel_requested:
        return contracts.OrderCompleted(is_completed=False, cancellation=_decision_of(order))
    advance(order, Status.COMPLETED)
    return contracts.OrderCompleted()


def process_cancellation(command: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
    """Call a parcel back and bring the order to CANCELLED.

    An approval that was taken before the deadline, but whose signal is still on its way, beats APPROVAL_TIMEOUT.
    Raises IllegalTransition while money that was or may have been taken is not back, OutsideWorldFailed while the
    carrier does not answer; both are worth another try.
    """
    order = read_order(command.order_id)
    if Shipment.objects.filter(order=order).exclude(status=Shipment.Status.RECALLED).exists():
        carrier.recall(contracts.shipping_workflow_id(order.order_id))
    with transaction.atomic():
        order = lock_order(command.order_id)
        if command.reason_code == ReasonCode.APPROVAL_TIMEOUT and order.is_approved and order.is_open:
            return contracts.CancellationProcessed(is_cancelled=False, approval=_decision_of(order))
        begin_cancelling(order, reason_code=command.reason_code, reason=command.reason, decision=command.decision)
        if Payment.objects.filter(order=order, status__in=UNSETTLED).exists():
            raise IllegalTransition("The order's money is not back yet.")
        Shipment.objects.filter(order=order).update(status=Shipment.Status.RECALLED)
        advance(order, Status.CANCELLED, detail=order.reason)
    return contracts.CancellationProcessed()


def _decision_of(order: Order) -> contracts.Decision:
    """Return the decision that the row holds, with the reason that its event tells."""
    event = order.events.filter(key=f"decision:{order.decision_id}").first()
    return contracts.Decision(order.decision_id, order.decided_by, event.detail if event else "")


@transaction.atomic
def record_failed_attempt(order_id: str, activity: str, attempt: int, error: str) -> None:
    """Write down that an attempt of an activity failed, once for each run, activity and attempt."""
    order = lock_order(order_id)
    add_event(
        order,
        key=f"attempt:{order.run_id}:{activity}:{attempt}",
        title=f"{contracts.ACTIVITY_LABELS.get(activity, activity)}: attempt {attempt} failed",
        detail=error,
    )
