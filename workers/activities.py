"""The activities: each is one call into `orders`, in one transaction, safe to repeat.

They are plain functions in a thread, with the plain ORM. Where the business refuses a step, or the tables say something
else about the order than the run, Temporal is told not to try it again; every other failure is tried again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from orders import contracts
from orders.deadlines import extend, remind
from orders.decisions import chunks, closing
from orders.errors import (
    IllegalTransition,
    OrderClosed,
    OrderError,
    OrderInvalid,
    OrderNotFound,
    PaymentDeclined,
    PaymentUndecided,
    ShippingRefused,
)
from orders.imports import checking
from orders.imports import chunks as import_chunks
from orders.intake import receipt
from orders.payments import charge, refund
from orders.shipping import ship
from workers import steps

# Under which name Temporal learns of a refusal; the first that fits counts.
REFUSALS: Final[Sequence[tuple[type[OrderError], str]]] = (
    (OrderNotFound, contracts.ORDER_NOT_FOUND),
    (OrderClosed, contracts.ORDER_CLOSED),
    (IllegalTransition, contracts.ILLEGAL_TRANSITION),
    (OrderInvalid, contracts.ORDER_INVALID),
    (PaymentDeclined, contracts.PAYMENT_DECLINED),
    (ShippingRefused, contracts.SHIPPING_REFUSED),
)


@contextmanager
def telling_refusals() -> Iterator[None]:
    """Turn a refusal into an error that Temporal does not retry, and a payment that takes days into one it retries."""
    try:
        yield
    except PaymentUndecided as error:
        pause = steps.ASK_AGAIN_AFTER
        raise ApplicationError(str(error), type=contracts.PAYMENT_UNDECIDED, next_retry_delay=pause) from error
    except OrderError as error:
        for refusal, error_type in REFUSALS:
            if isinstance(error, refusal):
                causes = [error.cause] if error.cause else []
                raise ApplicationError(str(error), *causes, type=error_type, non_retryable=True) from error
        raise


@activity.defn(no_thread_cancel_exception=True)
def receive_order(order: contracts.ReceiveOrder) -> contracts.OrderReceived:
    """Note that the run has begun."""
    with telling_refusals():
        return receipt.receive_order(order)


@activity.defn(no_thread_cancel_exception=True)
def validate_order(order: contracts.ValidateOrder) -> contracts.OrderValidated:
    """Check the order, and write down its deadline and what the policy asks for."""
    with telling_refusals():
        return receipt.validate_order(order)


@activity.defn(no_thread_cancel_exception=True)
def confirm_deadline(order: contracts.ConfirmDeadline) -> contracts.DeadlineConfirmed:
    """Say until when the order waits for a decision."""
    with telling_refusals():
        return extend.confirm_deadline(order)


@activity.defn(no_thread_cancel_exception=True)
def remind_approvers(order: contracts.RemindApprovers) -> contracts.ApproversReminded:
    """Tell people that the order still waits for a decision."""
    with telling_refusals():
        return remind.remind_approvers(order)


@activity.defn(no_thread_cancel_exception=True)
def charge_payment(payment: contracts.ChargePayment) -> contracts.PaymentCharged:
    """Take the money."""
    with telling_refusals():
        return charge.charge_payment(payment)


@activity.defn(no_thread_cancel_exception=True)
def refund_payment(payment: contracts.RefundPayment) -> contracts.PaymentRefunded:
    """Give back what was taken."""
    with telling_refusals():
        return refund.refund_payment(payment)


@activity.defn(no_thread_cancel_exception=True)
def prepare_package(package: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the order packed."""
    with telling_refusals():
        return ship.prepare_package(package)


@activity.defn(no_thread_cancel_exception=True)
def dispatch_carrier(parcel: contracts.DispatchCarrier) -> contracts.CarrierDispatched:
    """Hand the parcel to the carrier."""
    with telling_refusals():
        return ship.dispatch_carrier(parcel)


@activity.defn(no_thread_cancel_exception=True)
def complete_order(order: contracts.CompleteOrder) -> contracts.OrderCompleted:
    """Close the order as completed, unless it turns out to be cancelled in time."""
    with telling_refusals():
        return closing.complete_order(order)


@activity.defn(no_thread_cancel_exception=True)
def process_cancellation(order: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
    """Close the order as cancelled, unless it turns out to be approved in time."""
    with telling_refusals():
        return closing.process_cancellation(order)


@activity.defn(no_thread_cancel_exception=True)
def decide_chunk(batch: contracts.DecideChunk) -> contracts.ChunkDecided:
    """Decide the next orders of a batch."""
    with telling_refusals():
        return chunks.decide_chunk(batch)


@activity.defn(no_thread_cancel_exception=True)
def check_import(importing: contracts.CheckImport) -> contracts.ImportAdvanced:
    """Read the file of an import to its end, and write down what is wrong with it."""
    with telling_refusals():
        return checking.check_import(importing, beat=activity.heartbeat)


@activity.defn(no_thread_cancel_exception=True)
def import_chunk(importing: contracts.ImportChunk) -> contracts.ImportAdvanced:
    """Submit the next orders of an import."""
    with telling_refusals():
        return import_chunks.import_chunk(importing)


@activity.defn(no_thread_cancel_exception=True)
def give_back_refund(asked: contracts.RefundInput) -> contracts.RefundGivenBack:
    """Give back a part of what was taken."""
    with telling_refusals():
        return refund.give_back_refund(asked)


# Which queue serves what: the steps of the order's own run, and those of its shipping.
ORDER_ACTIVITIES: Final[Sequence[Callable[..., Any]]] = (
    receive_order,
    validate_order,
    confirm_deadline,
    remind_approvers,
    charge_payment,
    refund_payment,
    complete_order,
    process_cancellation,
)
# Those of what people start for many orders, or for a part of one.
JOB_ACTIVITIES: Final[Sequence[Callable[..., Any]]] = (decide_chunk, check_import, import_chunk, give_back_refund)
SHIPPING_ACTIVITIES: Final[Sequence[Callable[..., Any]]] = (prepare_package, dispatch_carrier)
