"""The activities: each is one call into `orders`, in one transaction, safe to repeat.

They are plain functions in a thread, with the plain ORM. Where the business refuses a step, Temporal is told not to try
it again; every other failure is tried again. The steps that clean up are always tried again, whatever they raise.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError

from orders import contracts, payments, projections
from orders.errors import OrderError, OrderInvalid, OrderNotFound, PaymentDeclined, ShippingRefused, TooLate
from workers import steps


@contextmanager
def refusing(refusal: type[OrderError], error_type: str) -> Iterator[None]:
    """Turn the error `refusal` into one that Temporal does not try again, under the name `error_type`."""
    try:
        yield
    except refusal as error:
        raise ApplicationError(str(error), type=error_type, non_retryable=True) from error


@activity.defn(no_thread_cancel_exception=True)
def receive_order(order: contracts.ReceiveOrder) -> contracts.OrderReceived:
    """Note that the run has begun. Refuses an order that is unknown or closed."""
    with refusing(OrderNotFound, contracts.ORDER_NOT_FOUND), refusing(TooLate, steps.ORDER_CLOSED):
        return projections.receive_order(order)


@activity.defn(no_thread_cancel_exception=True)
def validate_order(order: contracts.ValidateOrder) -> None:
    """Check the order and write down its deadline."""
    with refusing(OrderInvalid, contracts.ORDER_INVALID):
        projections.validate_order(order)


@activity.defn(no_thread_cancel_exception=True)
def charge_payment(payment: contracts.ChargePayment) -> contracts.PaymentCharged:
    """Take the money."""
    with refusing(PaymentDeclined, contracts.PAYMENT_DECLINED):
        return payments.charge_payment(payment)


@activity.defn(no_thread_cancel_exception=True)
def refund_payment(payment: contracts.RefundPayment) -> contracts.PaymentRefunded:
    """Give back what was taken."""
    return payments.refund_payment(payment)


@activity.defn(no_thread_cancel_exception=True)
def prepare_package(package: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the order packed."""
    with refusing(ShippingRefused, contracts.SHIPPING_REFUSED):
        return projections.prepare_package(package)


@activity.defn(no_thread_cancel_exception=True)
def dispatch_carrier(parcel: contracts.DispatchCarrier) -> contracts.CarrierDispatched:
    """Hand the parcel to the carrier."""
    with refusing(ShippingRefused, contracts.SHIPPING_REFUSED):
        return projections.dispatch_carrier(parcel)


@activity.defn(no_thread_cancel_exception=True)
def complete_order(order: contracts.CompleteOrder) -> contracts.OrderCompleted:
    """Close the order as completed, unless it turns out to be cancelled in time."""
    return projections.complete_order(order)


@activity.defn(no_thread_cancel_exception=True)
def process_cancellation(order: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
    """Close the order as cancelled, unless it turns out to be approved in time."""
    return projections.process_cancellation(order)


# Which queue serves what: the steps of the order's own run, and those of its shipping.
ORDER_ACTIVITIES: Final[Sequence[Callable[..., Any]]] = (
    receive_order,
    validate_order,
    charge_payment,
    refund_payment,
    complete_order,
    process_cancellation,
)
SHIPPING_ACTIVITIES: Final[Sequence[Callable[..., Any]]] = (prepare_package, dispatch_carrier)
