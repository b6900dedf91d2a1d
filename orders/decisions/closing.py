"""Closes orders: completed, or cancelled with the parcel recalled.

Each function is one call of an activity and safe to repeat.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from django.db import transaction

from orders import contracts
from orders.errors import IllegalTransition, OrderClosed
from orders.labels.statuses import name_status
from orders.lifecycle.decisions import answer_decisions
from orders.lifecycle.lookup import lock_order
from orders.lifecycle.statuses import advance, begin_cancelling, reasons_of
from orders.models import Order, Payment, PaymentAttempt, Shipment
from orders.payments.attempts import UNDECIDED, is_authorised_by_shop
from orders.payments.refund import release_authorisation
from orders.shipping.partners.registry import find_carrier
from orders.states import (
    DecisionKind,
    ReasonCode,
    Status,
)

# What of a payment moves money.
CHARGING: Final = (PaymentAttempt.Kind.CHARGE, PaymentAttempt.Kind.CAPTURE)
UNSETTLED: Final = (*UNDECIDED, Payment.Status.CHARGED)


@transaction.atomic
def complete_order(command: contracts.CompleteOrder) -> contracts.OrderCompleted:
    """Complete the order, unless a person has already been told that it is being cancelled, or the run knows of one.

    Raises OrderNotFound, OrderClosed for a cancelled order, IllegalTransition for one that is not shipped.
    """
    order = lock_order(command.order_id)
    if order.status == Status.CANCELLED:
        raise OrderClosed(name_status(order.status))
    if order.is_open and order.is_cancel_requested:
        return contracts.OrderCompleted(is_completed=False, cancellation=_decision_of(order))
    if order.is_open and command.cancellation is not None:
        # Written here, so that an attempt that still hangs cannot complete the order any more.
        reason = (ReasonCode.STAFF, command.cancellation.reason, command.cancellation, command.cause)
        begin_cancelling(order, contracts.ProcessCancellation(command.order_id, *reason))
        return contracts.OrderCompleted(is_completed=False, cancellation=command.cancellation)
    if advance(order, Status.COMPLETED) and order.has_open_ends:
        answer_decisions(order, DecisionKind.APPROVE, accepted_id=order.decision_id)
    return contracts.OrderCompleted()


def process_cancellation(command: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
    """Release what is held for the order, recall the parcel and bring the order to CANCELLED.

    A decision that was taken before the deadline, but whose signal is still on its way, beats APPROVAL_TIMEOUT, and so
    does a later deadline than the one that the run knew.
    Raises OutsideWorldFailed while the gateway or the carrier does not answer, OrderNotFound, OrderClosed for an order
    that is completed, IllegalTransition while money that was or may have been taken is not back.
    """
    with transaction.atomic():
        order = lock_order(command.order_id)
        if order.status == Status.COMPLETED:
            raise OrderClosed(name_status(order.status))
        has_timed_out = command.reason_code == ReasonCode.APPROVAL_TIMEOUT
        if order.status == Status.CANCELLED:
            is_by_staff = has_timed_out and order.reason_code == ReasonCode.STAFF and order.is_cancel_requested
            return contracts.CancellationProcessed(cancellation=_decision_of(order) if is_by_staff else None)
        if has_timed_out and order.is_approved:
            return contracts.CancellationProcessed(is_cancelled=False, approval=_decision_of(order))
        if has_timed_out and not order.decision and (extended := find_later_deadline(order, command.deadline)):
            return contracts.CancellationProcessed(is_cancelled=False, deadline=extended)
        is_held = is_authorised_by_shop(order)
        if _may_be_charged(order, is_held=is_held):
            raise IllegalTransition("The refund is not complete yet, so the order cannot be cancelled.")
        by_staff = _decision_of(order) if has_timed_out and order.is_cancel_requested else None
        if by_staff is not None:
            command = replace(
                command, reason_code=ReasonCode.STAFF, reason=by_staff.reason, cause="", decision=by_staff
            )
        # Written before the carrier is called: from here on the order can only be cancelled.
        begin_cancelling(order, command)
        parcel = Shipment.objects.filter(order=order).exclude(status=Shipment.Status.RECALLED).first()
    if is_held:
        release_authorisation(order.order_id)
    if parcel is not None:
        find_carrier(parcel.carrier).recall(contracts.shipping_workflow_id(order.order_id))
    with transaction.atomic():
        order = lock_order(command.order_id)
        Shipment.objects.filter(order=order).update(status=Shipment.Status.RECALLED)
        advance(order, Status.CANCELLED, reasons_of(order))
    return contracts.CancellationProcessed(cancellation=by_staff)


def find_later_deadline(order: Order, passed: str) -> str:
    """Return until when an order waits, where that is after the deadline that its run saw pass; empty where not.

    The two are compared with one another and with no clock: a run that waits on has something to wait for.
    """
    deadline = order.approval_deadline
    if not passed or deadline is None or order.status != Status.PENDING_MANUAL_APPROVAL:
        return ""
    return deadline.isoformat() if deadline > datetime.fromisoformat(passed) else ""


def _may_be_charged(order: Order, *, is_held: bool) -> bool:
    """Tell whether money was or may have been taken, by the console itself: of what is only held, none was."""
    unsettled = Payment.objects.filter(order=order, status__in=UNSETTLED)
    return (unsettled.filter(attempts__kind__in=CHARGING) if is_held else unsettled).exists()


def _decision_of(order: Order) -> contracts.Decision:
    """Return the decision that the order's row holds, with its reason."""
    decision = order.decisions.get(decision_id=order.decision_id)
    return contracts.Decision(decision.decision_id, decision.actor, decision.reason)
