"""What the workflow reports, written down. The only module that writes an order's status.

Each function is one call of an activity and safe to repeat: a step that was done before is not done again, and an
event is written once. A step that calls the outside world looks at the row under its lock before the call, so that
nothing is done to an order that is final or elsewhere, and again after it; meanwhile no row is locked.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from orders import contracts
from orders.carriers import carrier, warehouse
from orders.errors import IllegalTransition, OrderClosed, OrderInvalid, OrderNotFound, ShippingRefused
from orders.events import STATUS_KINDS, EventKind
from orders.history import (
    add_event,
    answer_decisions,
    counts_already,
    lock_order,
    own_decision_id,
    write_decision,
)
from orders.identifiers import is_order_id
from orders.models import Order, Payment, Shipment
from orders.money import add_up
from orders.permissions import is_same_name
from orders.states import (
    FINAL,
    Channel,
    DecisionKind,
    ReasonCode,
    RefusalCode,
    Status,
    check_transition,
    is_at_or_past,
)
from orders.texts import LONGEST_REFERENCE, clean_line, clean_text
from orders.troubles import UNRESOLVED, clear_troubles, raise_trouble

UNSETTLED: Final = (Payment.Status.PENDING, Payment.Status.CHARGED)


def advance(order: Order, status: Status, **data: str) -> bool:
    """Move a locked order to `status` with an event that has this data, and tell whether it moved.

    An order that is there or further on the same way stays. Raises IllegalTransition for a step that may not follow.
    """
    if is_at_or_past(Status(order.status), status):
        return False
    check_transition(Status(order.status), status)
    order.status = status
    order.save(update_fields=["status", "reason_code", "reason", "approval_deadline", "updated_at"])
    add_event(order, STATUS_KINDS[status], data, key=f"status:{status}")
    if status in FINAL:
        clear_troubles(order)
    return True


def lock_open_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound, OrderClosed when it is final."""
    order = lock_order(order_id)
    if not order.is_open:
        raise OrderClosed(order.get_status_display())
    return order


def record_decision(order: Order, kind: DecisionKind, decision: contracts.Decision | None) -> str:
    """Write down a decision that came over Temporal, unless a person took it here and it is written already.

    Returns the id that it has in the tables, empty when there is no decision.
    """
    if decision is None or not decision.decision_id:
        return ""
    decision_id = own_decision_id(order, decision.decision_id)
    named = replace(decision, decision_id=decision_id, actor=decision.actor or contracts.UNNAMED_ACTOR)
    write_decision(order, kind, named, channel=Channel.TEMPORAL)
    return decision_id


def judge_approval(order: Order, decision: contracts.Decision) -> RefusalCode | None:
    """Return why the approval that a run of a locked order goes by does not count, or None when it does.

    A signal is a claim: what a person decided here has its row, and everything else came from outside. That counts
    where the settings say so, and never when it names the submitter.
    """
    has_begun = is_at_or_past(Status(order.status), Status.CHARGING_PAYMENT)
    if has_begun or order.is_approved or counts_already(order, decision.decision_id):
        return None
    if is_same_name(decision.actor, order.submitted_by):
        return RefusalCode.OWN_ORDER
    return None if settings.ACCEPT_OUTSIDE_DECISIONS else RefusalCode.OUTSIDE


def begin_cancelling(
    order: Order, *, reason_code: str, reason: str, decision: contracts.Decision | None = None
) -> None:
    """Take a locked order out of the ordinary way, with the reason why; nothing happens when it has left already."""
    decision_id = record_decision(order, DecisionKind.CANCEL, decision)
    if is_at_or_past(Status(order.status), Status.CANCELLING):
        return
    order.reason_code, order.reason = ReasonCode(reason_code), clean_text(reason)
    advance(order, Status.CANCELLING, reason_code=order.reason_code, reason=order.reason)
    is_by_staff = reason_code == ReasonCode.STAFF and order.is_cancel_requested
    accepted_id = (decision_id or order.decision_id) if is_by_staff else ""
    answer_decisions(order, DecisionKind.CANCEL, accepted_id=accepted_id)


def read_order(order_id: str) -> Order:
    """Return the order as it is. Raises OrderNotFound."""
    if not is_order_id(order_id):
        raise OrderNotFound(order_id)
    try:
        return Order.objects.get(order_id=order_id)
    except Order.DoesNotExist as error:
        raise OrderNotFound(order_id) from error


@transaction.atomic
def receive_order(command: contracts.ReceiveOrder) -> contracts.OrderReceived:
    """Write down that the workflow has taken the order, and in which run. Raises OrderNotFound, OrderClosed."""
    order = lock_open_order(command.order_id)
    order.run_id = command.run_id
    order.save(update_fields=["run_id", "updated_at"])
    add_event(order, EventKind.RUN_STARTED, {"run_id": command.run_id}, key=f"received:{command.run_id}")
    return contracts.OrderReceived(order.payment_id, settings.ORDER_APPROVAL_TIMEOUT)


def validate_order(command: contracts.ValidateOrder) -> None:
    """Check the order and put it before the people who decide, until `deadline`.

    Raises OrderInvalid when it can never be carried out, OutsideWorldFailed when the warehouse does not answer,
    OrderNotFound, OrderClosed, IllegalTransition.
    """
    with transaction.atomic():
        order = lock_open_order(command.order_id)
        if is_at_or_past(Status(order.status), Status.PENDING_MANUAL_APPROVAL):
            return
        if order.status != Status.VALIDATED:
            check_transition(Status(order.status), Status.VALIDATED)
    lines = list(order.lines.all())
    if not lines:
        raise OrderInvalid("The order has no lines.")
    if add_up((line.total_money for line in lines), order.currency) != order.total_money:
        raise OrderInvalid("The order's total is not the sum of its lines.")
    warehouse.check_stock(line.sku for line in lines)
    with transaction.atomic():
        order = lock_open_order(command.order_id)
        order.approval_deadline = datetime.fromisoformat(command.deadline)
        advance(order, Status.VALIDATED)
        advance(order, Status.PENDING_MANUAL_APPROVAL, deadline=order.approval_deadline.isoformat())


def prepare_package(command: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the parcel, and open the order's shipment.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED)
        packed = Shipment.objects.filter(order=order).first()
    if packed is not None and is_at_or_past(Status(order.status), Status.PACKAGE_PREPARED):
        return contracts.PackagePrepared(shipment_id, packed.package_reference)
    package_reference = clean_line(warehouse.pack(shipment_id), LONGEST_REFERENCE)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED)
        shipment, _ = Shipment.objects.get_or_create(shipment_id=shipment_id, defaults={"order": order})
        if not shipment.package_reference:
            shipment.package_reference = package_reference
            shipment.save(update_fields=["package_reference"])
        advance(order, Status.PACKAGE_PREPARED, package_reference=shipment.package_reference)
    return contracts.PackagePrepared(shipment_id, shipment.package_reference)


def dispatch_carrier(command: contracts.DispatchCarrier) -> contracts.CarrierDispatched:
    """Hand the parcel to the carrier.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.DISPATCHED)
        sent = Shipment.objects.filter(order=order, status=Shipment.Status.DISPATCHED).first()
    if sent is not None and is_at_or_past(Status(order.status), Status.DISPATCHED):
        return contracts.CarrierDispatched(shipment_id, sent.carrier, sent.tracking_number)
    tracking_number = clean_line(carrier.book(shipment_id, order.address_postcode), LONGEST_REFERENCE)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.DISPATCHED)
        advance(order, Status.DISPATCHED, carrier=carrier.name, tracking_number=tracking_number)
        Shipment.objects.filter(shipment_id=shipment_id).exclude(status=Shipment.Status.DISPATCHED).update(
            status=Shipment.Status.DISPATCHED,
            carrier=carrier.name,
            tracking_number=tracking_number,
            dispatched_at=Now(),
        )
    return contracts.CarrierDispatched(shipment_id, carrier.name, tracking_number)


def _lock_for_shipping(order_id: str, goal: Status) -> Order:
    """Return the locked order, which may go to `goal` next or has been there.

    Raises ShippingRefused for one that is being cancelled, OrderNotFound, OrderClosed, IllegalTransition.
    """
    order = lock_open_order(order_id)
    if order.status == Status.CANCELLING:
        raise ShippingRefused("The order is being cancelled.")
    if not is_at_or_past(Status(order.status), goal):
        check_transition(Status(order.status), goal)
    return order


def adopt_shipment(order_id: str) -> None:
    """Write down a parcel that the carrier has and the tables do not know, as after a restore from an older copy."""
    shipment_id = contracts.shipping_workflow_id(order_id)
    if Shipment.objects.filter(shipment_id=shipment_id).exists():
        return
    booking = carrier.find_booking(shipment_id)
    if booking is None or booking.is_recalled:
        return
    with transaction.atomic():
        order = lock_open_order(order_id)
        Shipment.objects.get_or_create(
            shipment_id=shipment_id,
            defaults={"order": order, "carrier": carrier.name, "tracking_number": booking.tracking_number},
        )
        facts = {"carrier": carrier.name, "tracking_number": booking.tracking_number}
        add_event(order, EventKind.PARCEL_FOUND, facts, key=f"adopted:{shipment_id}")


@transaction.atomic
def complete_order(command: contracts.CompleteOrder) -> contracts.OrderCompleted:
    """Bring the order to its good end, unless a person was told before that it is being cancelled.

    Raises OrderNotFound, OrderClosed for a cancelled order, IllegalTransition for one that is not shipped.
    """
    order = lock_order(command.order_id)
    if order.status == Status.CANCELLED:
        raise OrderClosed(order.get_status_display())
    if order.is_open and order.is_cancel_requested:
        return contracts.OrderCompleted(is_completed=False, cancellation=_decision_of(order))
    if advance(order, Status.COMPLETED):
        answer_decisions(order, DecisionKind.APPROVE, accepted_id=order.decision_id)
    return contracts.OrderCompleted()


def process_cancellation(command: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
    """Call a parcel back and bring the order to CANCELLED.

    A decision that was taken before the deadline, but whose signal is still on its way, beats APPROVAL_TIMEOUT.
    Raises OutsideWorldFailed while the carrier does not answer, OrderNotFound, OrderClosed for a completed order,
    IllegalTransition while money that was or may have been taken is not back.
    """
    with transaction.atomic():
        order = lock_order(command.order_id)
        if order.status == Status.COMPLETED:
            raise OrderClosed(order.get_status_display())
        has_timed_out = command.reason_code == ReasonCode.APPROVAL_TIMEOUT
        if order.status == Status.CANCELLED:
            is_by_staff = has_timed_out and order.reason_code == ReasonCode.STAFF and order.is_cancel_requested
            return contracts.CancellationProcessed(cancellation=_decision_of(order) if is_by_staff else None)
        if has_timed_out and order.is_approved:
            return contracts.CancellationProcessed(is_cancelled=False, approval=_decision_of(order))
        if Payment.objects.filter(order=order, status__in=UNSETTLED).exists():
            raise IllegalTransition("The order's money is not back yet, so that it cannot be cancelled.")
        by_staff = _decision_of(order) if has_timed_out and order.is_cancel_requested else None
        if by_staff is not None:
            command = replace(command, reason_code=ReasonCode.STAFF, reason=by_staff.reason, decision=by_staff)
        # Written before the carrier is asked: from here on nothing else is done to the order.
        begin_cancelling(order, reason_code=command.reason_code, reason=command.reason, decision=command.decision)
        has_parcel = Shipment.objects.filter(order=order).exclude(status=Shipment.Status.RECALLED).exists()
    if has_parcel:
        carrier.recall(contracts.shipping_workflow_id(order.order_id))
    with transaction.atomic():
        order = lock_order(command.order_id)
        Shipment.objects.filter(order=order).update(status=Shipment.Status.RECALLED)
        advance(order, Status.CANCELLED, reason_code=order.reason_code, reason=order.reason)
    return contracts.CancellationProcessed(cancellation=by_staff)


def _decision_of(order: Order) -> contracts.Decision:
    """Return the decision that the order's row holds, with its reason."""
    decision = order.decisions.get(decision_id=order.decision_id)
    return contracts.Decision(decision.decision_id, decision.actor, decision.reason)


@transaction.atomic
def record_failed_attempt(order_id: str, activity: str, attempt: int, error: str) -> bool:
    """Write down that an attempt of an activity failed, once for each run, activity and attempt; tell whether new."""
    order = lock_order(order_id)
    key = f"attempt:{order.run_id}:{activity}:{attempt}"
    return add_event(order, EventKind.STEP_FAILED, {"activity": activity, "attempt": attempt, "error": error}, key=key)


@transaction.atomic
def record_unresolved(order_id: str, activity: str, error: str) -> None:
    """Write down that the outside world leaves a step without an answer, so that people are told and may decide."""
    order = lock_open_order(order_id)
    if activity in UNRESOLVED:
        raise_trouble(order, UNRESOLVED[activity], error)


@transaction.atomic
def record_success(order_id: str, activity: str) -> None:
    """Write down that a step that had failed before is done, so that the order is no longer in trouble for it."""
    if activity in UNRESOLVED:
        clear_troubles(lock_order(order_id), [UNRESOLVED[activity]])


@transaction.atomic
def record_refused_run(order_id: str, run_id: str, activity: str = "") -> None:
    """Write into a final order's history that another run of it was stopped, once for each run."""
    order = lock_order(order_id)
    add_event(order, EventKind.RUN_REFUSED, {"run_id": run_id, "activity": activity}, key=f"refused:{run_id}")
