"""The steps of the workflows as data: each activity's name, argument and answer, how long it may take and be retried.

Temporal gives an attempt 5 seconds and then starts the next one, first after about a second, later every ten. Nothing
bounds a step but a refusal, neither a number of attempts nor a time: Temporal's clock also runs while no worker, or no
database of ours, is there, and our outage is not the customer's declined card. A step that the outside world leaves
without an answer for UNRESOLVED_AFTER is told to people, who decide (see orders.lifecycle.troubles).

`workers.activities` does the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from temporalio.common import RetryPolicy

from orders import contracts

ArgumentT = TypeVar("ArgumentT")
AnswerT = TypeVar("AnswerT")

# One attempt. A worker's SQL ends before it, and so does a call to the outside world.
START_TO_CLOSE: Final = timedelta(seconds=5)

# A step that finds no free slot as a local activity goes on as an ordinary one, which holds no workflow task up.
LOCAL_SCHEDULE_TO_START: Final = timedelta(seconds=1)
# How soon a gateway is asked again about a payment that it, or the customer, has not decided on yet.
ASK_AGAIN_AFTER: Final = timedelta(seconds=30)

# What is due after which share of the wait for a decision, in this order; nothing is in a wait that is shorter.
MARKS: Final = ((contracts.WaitMark.REMINDER, 0.5), (contracts.WaitMark.ESCALATION, 0.8))
SHORTEST_REMINDED: Final = timedelta(minutes=15)

# What every step may refuse with: the tables say something else about the order than the run, which fails at once.
DISAGREEMENTS: Final = (contracts.ORDER_NOT_FOUND, contracts.ORDER_CLOSED, contracts.ILLEGAL_TRANSITION)


@dataclass(frozen=True)
class Step(Generic[ArgumentT, AnswerT]):
    """One activity; it is tried until it is done, or refused with one of DISAGREEMENTS or `refusals`."""

    name: str
    argument: type[ArgumentT]
    answer: type[AnswerT]
    refusals: tuple[str, ...] = ()

    @property
    def retry_policy(self) -> RetryPolicy:
        """When the next attempt starts; there is no last one."""
        return RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=1.5,
            maximum_interval=timedelta(seconds=10),
            non_retryable_error_types=[*DISAGREEMENTS, *self.refusals],
        )


# Notes that the run has begun, and answers the payment_id that the order was given when it was submitted.
RECEIVE_ORDER: Final = Step("receive_order", contracts.ReceiveOrder, contracts.OrderReceived)
# Checks the order and its authorisation, writes down until when a decision is waited for, and answers what the policy
# asks for.
VALIDATE_ORDER: Final = Step(
    "validate_order",
    contracts.ValidateOrder,
    contracts.OrderValidated,
    (contracts.ORDER_INVALID, contracts.PAYMENT_DECLINED),
)
# Answers until when the order waits, once somebody says that its deadline was extended.
CONFIRM_DEADLINE: Final = Step("confirm_deadline", contracts.ConfirmDeadline, contracts.DeadlineConfirmed)
# Tells those who may decide that the order still waits, or others that nobody has decided; the answer may be a later
# deadline, so that it is too soon.
REMIND_APPROVERS: Final = Step("remind_approvers", contracts.RemindApprovers, contracts.ApproversReminded)
# Takes or captures the money, once however often it is asked; the answer may be that the approval does not count.
CHARGE_PAYMENT: Final = Step(
    "charge_payment", contracts.ChargePayment, contracts.PaymentCharged, (contracts.PAYMENT_DECLINED,)
)
# Has the warehouse pack the order.
PREPARE_PACKAGE: Final = Step(
    "prepare_package", contracts.PreparePackage, contracts.PackagePrepared, (contracts.SHIPPING_REFUSED,)
)
# Hands the parcel to the carrier.
DISPATCH_CARRIER: Final = Step(
    "dispatch_carrier", contracts.DispatchCarrier, contracts.CarrierDispatched, (contracts.SHIPPING_REFUSED,)
)
# Closes the order as completed; the answer may be that the tables hold a cancellation, so that it is cancelled.
COMPLETE_ORDER: Final = Step("complete_order", contracts.CompleteOrder, contracts.OrderCompleted)
# Gives back what was taken, which may be nothing, and sees to it that nothing can be taken any more.
REFUND_PAYMENT: Final = Step("refund_payment", contracts.RefundPayment, contracts.PaymentRefunded)
# Releases what is held for the order, calls back a parcel that is on its way and closes the order as cancelled; for
# APPROVAL_TIMEOUT the answer may be that the tables hold a decision, so that the order goes on or is cancelled by it,
# or a later deadline, so that it waits on.
PROCESS_CANCELLATION: Final = Step(
    "process_cancellation", contracts.ProcessCancellation, contracts.CancellationProcessed
)
# Gives back a part of a payment that a person asked for; it belongs to a run of its own.
GIVE_BACK_REFUND: Final = Step("give_back_refund", contracts.RefundInput, contracts.RefundGivenBack)
# Decides the next orders of a batch; it belongs to no order's run.
DECIDE_CHUNK: Final = Step("decide_chunk", contracts.DecideChunk, contracts.ChunkDecided)
# Submits the next orders of an import, once it is confirmed.
IMPORT_CHUNK: Final = Step("import_chunk", contracts.ImportChunk, contracts.ImportAdvanced)
# Reads the file of an import to its end, which takes longer than other steps.
CHECK_IMPORT: Final = Step("check_import", contracts.CheckImport, contracts.ImportAdvanced)
CHECK_START_TO_CLOSE: Final = timedelta(minutes=10)
CHECK_HEARTBEAT: Final = timedelta(seconds=60)
STEPS: Final[Mapping[str, Step[Any, Any]]] = {
    step.name: step
    for step in (
        *(RECEIVE_ORDER, VALIDATE_ORDER, CONFIRM_DEADLINE, REMIND_APPROVERS, CHARGE_PAYMENT, REFUND_PAYMENT),
        *(PREPARE_PACKAGE, DISPATCH_CARRIER, COMPLETE_ORDER, PROCESS_CANCELLATION),
    )
}
