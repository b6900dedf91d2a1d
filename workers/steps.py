"""The steps of the workflows as data: each activity's name and signature, and how long it may take and be retried.

Temporal gives an attempt 5 seconds and then starts the next one, first after about a second, later every ten. Nothing
bounds a step but a refusal, neither a number of attempts nor a time: Temporal's clock also runs while no worker, or no
database of ours, is there, and our outage is not the customer's declined card. A step that the outside world leaves
without an answer for UNRESOLVED_AFTER is told to people, who decide (see orders.lifecycle.troubles).

The functions here only describe the activities to Temporal and to the type checker; `workers.activities` does the work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar

from temporalio import activity
from temporalio.common import RetryPolicy

from orders import contracts

ArgumentT = TypeVar("ArgumentT")
AnswerT = TypeVar("AnswerT")

# One attempt. A worker's SQL ends before it, and so does a call to the outside world.
START_TO_CLOSE: Final = timedelta(seconds=5)

# What every step may refuse with: the tables say something else about the order than the run, which fails at once.
DISAGREEMENTS: Final = (contracts.ORDER_NOT_FOUND, contracts.ORDER_CLOSED, contracts.ILLEGAL_TRANSITION)


@dataclass(frozen=True)
class Step(Generic[ArgumentT, AnswerT]):
    """One activity; it is tried until it is done, or refused with one of DISAGREEMENTS or `refusals`."""

    activity: Callable[[ArgumentT], AnswerT]
    refusals: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The activity's name in Temporal."""
        return self.activity.__name__

    @property
    def retry_policy(self) -> RetryPolicy:
        """When the next attempt starts; there is no last one."""
        return RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=1.5,
            maximum_interval=timedelta(seconds=10),
            non_retryable_error_types=[*DISAGREEMENTS, *self.refusals],
        )


@activity.defn
def receive_order(order: contracts.ReceiveOrder) -> contracts.OrderReceived:
    """Note that the run has begun, and answer the payment_id that the order was given when it was submitted."""
    raise NotImplementedError


@activity.defn
def validate_order(order: contracts.ValidateOrder) -> None:
    """Check the order and write down until when a decision is waited for. Refuses with OrderInvalid."""
    raise NotImplementedError


@activity.defn
def charge_payment(payment: contracts.ChargePayment) -> contracts.PaymentCharged:
    """Take the money, once however often it is asked. Refuses with PaymentDeclined."""
    raise NotImplementedError


@activity.defn
def refund_payment(payment: contracts.RefundPayment) -> contracts.PaymentRefunded:
    """Give back what was taken, which may be nothing, and see to it that nothing can be taken any more."""
    raise NotImplementedError


@activity.defn
def prepare_package(package: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the order. Refuses with ShippingRefused."""
    raise NotImplementedError


@activity.defn
def dispatch_carrier(parcel: contracts.DispatchCarrier) -> contracts.CarrierDispatched:
    """Hand the parcel to the carrier. Refuses with ShippingRefused."""
    raise NotImplementedError


@activity.defn
def complete_order(order: contracts.CompleteOrder) -> contracts.OrderCompleted:
    """Close the order as completed. It may answer that the tables hold a cancellation, so that it is cancelled."""
    raise NotImplementedError


@activity.defn
def process_cancellation(order: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
    """Call back a parcel that is on its way and close the order as cancelled.

    For APPROVAL_TIMEOUT it may answer that the tables hold an approval, so that the order goes on.
    """
    raise NotImplementedError


RECEIVE_ORDER: Final = Step(receive_order)
VALIDATE_ORDER: Final = Step(validate_order, (contracts.ORDER_INVALID,))
CHARGE_PAYMENT: Final = Step(charge_payment, (contracts.PAYMENT_DECLINED,))
PREPARE_PACKAGE: Final = Step(prepare_package, (contracts.SHIPPING_REFUSED,))
DISPATCH_CARRIER: Final = Step(dispatch_carrier, (contracts.SHIPPING_REFUSED,))
COMPLETE_ORDER: Final = Step(complete_order)
REFUND_PAYMENT: Final = Step(refund_payment)
PROCESS_CANCELLATION: Final = Step(process_cancellation)
