"""Everything that crosses Temporal, in one place: names and messages; shipping, batches and so on are beside it.

Messages are frozen dataclasses of plain types; a new field gets a default, so that running workflows and old
histories still fit. Money is an integer of minor units and a currency; times are ISO 8601 texts in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orders.contracts.attributes import APPROVAL_DEADLINE as APPROVAL_DEADLINE
from orders.contracts.attributes import CURRENCY as CURRENCY
from orders.contracts.attributes import ORDER_STATUS as ORDER_STATUS
from orders.contracts.attributes import SEARCH_ATTRIBUTES as SEARCH_ATTRIBUTES
from orders.contracts.attributes import TOTAL as TOTAL
from orders.contracts.attributes import WAITING_FOR as WAITING_FOR
from orders.contracts.batch import BATCH_WORKFLOW as BATCH_WORKFLOW
from orders.contracts.batch import WAKE_SIGNAL as WAKE_SIGNAL
from orders.contracts.batch import BatchInput as BatchInput
from orders.contracts.batch import ChunkDecided as ChunkDecided
from orders.contracts.batch import DecideChunk as DecideChunk
from orders.contracts.closing import CancellationProcessed as CancellationProcessed
from orders.contracts.closing import CompleteOrder as CompleteOrder
from orders.contracts.closing import OrderCompleted as OrderCompleted
from orders.contracts.closing import ProcessCancellation as ProcessCancellation
from orders.contracts.deadline import EXTEND_SIGNAL as EXTEND_SIGNAL
from orders.contracts.deadline import ApproversReminded as ApproversReminded
from orders.contracts.deadline import ConfirmDeadline as ConfirmDeadline
from orders.contracts.deadline import DeadlineConfirmed as DeadlineConfirmed
from orders.contracts.deadline import DeadlineExtended as DeadlineExtended
from orders.contracts.deadline import RemindApprovers as RemindApprovers
from orders.contracts.deadline import WaitMark as WaitMark
from orders.contracts.decision import Decision as Decision
from orders.contracts.imports import IMPORT_WORKFLOW as IMPORT_WORKFLOW
from orders.contracts.imports import CheckImport as CheckImport
from orders.contracts.imports import ImportAdvanced as ImportAdvanced
from orders.contracts.imports import ImportChunk as ImportChunk
from orders.contracts.imports import ImportInput as ImportInput
from orders.contracts.refund import REFUND_WORKFLOW as REFUND_WORKFLOW
from orders.contracts.refund import PaymentRefunded as PaymentRefunded
from orders.contracts.refund import RefundGivenBack as RefundGivenBack
from orders.contracts.refund import RefundInput as RefundInput
from orders.contracts.shipping import CarrierDispatched as CarrierDispatched
from orders.contracts.shipping import DispatchCarrier as DispatchCarrier
from orders.contracts.shipping import PackagePrepared as PackagePrepared
from orders.contracts.shipping import PreparePackage as PreparePackage
from orders.contracts.shipping import ShippingInput as ShippingInput

ORDER_WORKFLOW: Final = "OrderWorkflow"
ORDER_QUEUE: Final = "order-tq"
SHIPPING_WORKFLOW: Final = "ShippingWorkflow"
SHIPPING_QUEUE: Final = "shipping-tq"
APPROVE_SIGNAL: Final = "approve_order"
CANCEL_SIGNAL: Final = "cancel_order"
STATUS_QUERY: Final = "status"
# Which signal carries which kind of decision.
SIGNALS: Final[Mapping[str, str]] = {"approve": APPROVE_SIGNAL, "cancel": CANCEL_SIGNAL}

# How long an order waits for a decision, in seconds, where the setting ORDER_APPROVAL_TIMEOUT says nothing else.
APPROVAL_SECONDS: Final = 24 * 3600

# The name under which a signal that carries no decision is written down.
UNNAMED_ACTOR: Final = "unnamed Temporal signal"
# Who is written down when the run itself was cancelled in Temporal, and for an approval that only the run knows.
CANCEL_REQUEST_ACTOR: Final = "Temporal cancel request"
EARLIER_RUN_ACTOR: Final = "earlier workflow run"
# Who is written down when the policy itself approved an order.
POLICY_ACTOR: Final = "policy"


class WaitingFor(StrEnum):
    """What an order waits for, as the status query says it."""

    VALIDATION = "validation"
    APPROVAL = "approval"
    PAYMENT = "payment"
    SHIPPING = "shipping"
    COMPLETION = "completion"
    REFUND = "refund"
    CANCELLATION = "cancellation"


class Answer(StrEnum):
    """What a workflow answers to a decision; see DecisionAnswer."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    TOO_LATE = "too_late"
    UNDECIDED = "undecided"
    REFUSED = "refused"


# Types of the non-retryable ApplicationErrors that stand for a refusal in business. The first three mean that the run
# and the tables disagree about the order: the run fails at once and touches nothing more.
ORDER_NOT_FOUND: Final = "OrderNotFound"
ORDER_CLOSED: Final = "OrderClosed"
ILLEGAL_TRANSITION: Final = "IllegalTransition"
ORDER_INVALID: Final = "OrderInvalid"
PAYMENT_DECLINED: Final = "PaymentDeclined"
PAYMENT_UNDECIDED: Final = "PaymentUndecided"  # the one that is retried
SHIPPING_REFUSED: Final = "ShippingRefused"


def shipping_workflow_id(order_id: str) -> str:
    """Return the workflow id of the shipping child of an order."""
    return f"shipping-{order_id}"


@dataclass(frozen=True)
class OrderInput:
    """The argument of OrderWorkflow.

    Without `approval_seconds` the order waits for as long as receive_order answers.
    `deadline` and `decision` are given when an order goes on in a new run after Temporal lost the old one.
    `decision` is an approval, or, with `compensate_for`, the cancellation that led to it.
    An order with a `compensate_code` or a `compensate_for` is cleaned up in a new run: refund, then cancel, with
    `compensate_code` as the reason code (STAFF where it is empty), `compensate_cause` as its Cause and `compensate_for`
    as the text. `is_refund_due` says that money may have been taken already.
    `has_search_attributes` says that the namespace has all SEARCH_ATTRIBUTES, so that the run sets them. `total` and
    `currency` are what it is listed by from its start on; the run itself does not read them.
    """

    order_id: str
    payment_id: str = ""
    approval_seconds: int | None = None
    deadline: str = ""
    decision: Decision | None = None
    compensate_for: str = ""
    compensate_code: str = ""
    is_refund_due: bool = False
    compensate_cause: str = ""
    has_search_attributes: bool = False
    total: int | None = None
    currency: str = ""

    @property
    def is_compensation(self) -> bool:
        """Tell whether the order is to be cleaned up and not led any further."""
        return bool(self.compensate_for or self.compensate_code)


@dataclass(frozen=True)
class DecisionAnswer:
    """What became of a decision that reached the workflow; part of the status answer.

    `kind` is approve or cancel. `outcome` is an Answer: accepted, repeated (the same again), too_late, undecided while
    the order is being closed and the tables are asked whether the decision was taken before, or refused for an approval
    from outside that does not count here.
    """

    decision_id: str
    kind: str
    actor: str
    reason: str
    outcome: str
    at: str


@dataclass(frozen=True)
class StatusAnswer:
    """The answer of the `status` query.

    `waiting_for` is a WaitingFor, or None when the order waits for nothing more. `deadline` is None before the wait for
    approval is planned. `reason` explains a cancellation in English, for who asks at a terminal; programs read
    `reason_code`, `cause` and, of what people and other systems said, `reason_text`. Of the `approvals_needed` the run
    knows so many `approvals`; the tables are asked about each before it counts.
    """

    order_id: str
    status: str
    approved: bool = False
    cancelled: bool = False
    waiting_for: str | None = None
    deadline: str | None = None
    reason_code: str = ""
    reason: str = ""
    last_decision: DecisionAnswer | None = None
    cause: str = ""
    reason_text: str = ""
    approvals: int = 0
    approvals_needed: int = 1


@dataclass(frozen=True)
class ReceiveOrder:
    """The argument of receive_order."""

    order_id: str
    run_id: str = ""


@dataclass(frozen=True)
class OrderReceived:
    """The answer of receive_order: the payment_id that the order got when it was submitted.

    `approval_seconds` is how long an order waits for a decision by the settings of the workers.
    """

    payment_id: str
    approval_seconds: int = APPROVAL_SECONDS


@dataclass(frozen=True)
class ValidateOrder:
    """The argument of validate_order; `deadline` is until when a decision is waited for."""

    order_id: str
    deadline: str


@dataclass(frozen=True)
class OrderValidated:
    """The answer of validate_order: until when a decision is waited for, and what the policy asks for.

    `deadline` is the one that the row holds, which a rule or an earlier attempt may have written. `approvals` are those
    that the tables hold, where other than one is needed: a new run of the order learns of them here, and so does the
    run of an order that the policy itself approved. Workers of earlier releases answer nothing.
    """

    deadline: str = ""
    approvals_needed: int = 1
    approvals: tuple[Decision, ...] = ()


@dataclass(frozen=True)
class ChargePayment:
    """The argument of charge_payment, with the approval that led to it."""

    order_id: str
    payment_id: str
    decision: Decision = Decision()  # noqa: RUF009 - it is frozen


@dataclass(frozen=True)
class PaymentCharged:
    """The answer of charge_payment.

    `is_approval_refused` says that nothing was asked of the gateway, so that the order waits on: the approval came over
    Temporal alone and does not count, or it counts and is not enough. `counting` are the ids of the approvals that
    count so far, of `approvals_needed`: the run may have passed validate_order before the tables did.
    """

    payment_id: str
    amount: int
    currency: str
    gateway_reference: str
    is_approval_refused: bool = False
    counting: tuple[str, ...] = ()
    approvals_needed: int = 1


@dataclass(frozen=True)
class RefundPayment:
    """The argument of refund_payment, with the reason for the cancellation and, where a person chose it, who."""

    order_id: str
    payment_id: str
    reason_code: str
    reason: str
    decision: Decision | None = None
    cause: str = ""
