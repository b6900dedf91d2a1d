"""What may follow what in the life of an order. Pure data and questions about it; everything else reads from here."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Final

from orders.errors import IllegalTransition


class Status(StrEnum):
    """Where an order is in its life."""

    CREATED = "CREATED"
    VALIDATED = "VALIDATED"
    PENDING_MANUAL_APPROVAL = "PENDING_MANUAL_APPROVAL"
    CHARGING_PAYMENT = "CHARGING_PAYMENT"
    PAID = "PAID"
    PACKAGE_PREPARED = "PACKAGE_PREPARED"
    DISPATCHED = "DISPATCHED"
    COMPLETED = "COMPLETED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"


class ReasonCode(StrEnum):
    """Why an order was cancelled."""

    STAFF = "STAFF"
    APPROVAL_TIMEOUT = "APPROVAL_TIMEOUT"
    INVALID = "INVALID"
    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    SHIPPING_FAILED = "SHIPPING_FAILED"


class DecisionKind(StrEnum):
    """What a person can decide."""

    APPROVE = "approve"
    CANCEL = "cancel"


class Outcome(StrEnum):
    """What became of a decision; PENDING until the order's workflow has answered it."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REPEATED = "REPEATED"
    TOO_LATE = "TOO_LATE"


class TroubleCode(StrEnum):
    """Why an order does not move, or needs a person to look at it."""

    CHARGE_UNRESOLVED = "CHARGE_UNRESOLVED"
    REFUND_UNRESOLVED = "REFUND_UNRESOLVED"
    SHIPMENT_UNRESOLVED = "SHIPMENT_UNRESOLVED"
    CHECK_UNRESOLVED = "CHECK_UNRESOLVED"
    RUN_FAILING = "RUN_FAILING"
    RUN_PAUSED = "RUN_PAUSED"
    RUN_LOST = "RUN_LOST"
    MONEY_TAKEN = "MONEY_TAKEN"


STATUS_LABELS: Final[Mapping[Status, str]] = {
    Status.CREATED: "Created",
    Status.VALIDATED: "Validated",
    Status.PENDING_MANUAL_APPROVAL: "Awaiting approval",
    Status.CHARGING_PAYMENT: "Charging payment",
    Status.PAID: "Paid",
    Status.PACKAGE_PREPARED: "Package prepared",
    Status.DISPATCHED: "Dispatched",
    Status.COMPLETED: "Completed",
    Status.CANCELLING: "Cancelling",
    Status.CANCELLED: "Cancelled",
}

REASON_LABELS: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.STAFF: "Cancelled by staff",
    ReasonCode.APPROVAL_TIMEOUT: "Not approved in time",
    ReasonCode.INVALID: "Not a valid order",
    ReasonCode.PAYMENT_DECLINED: "Payment declined",
    ReasonCode.SHIPPING_FAILED: "Could not be shipped",
}

DECISION_LABELS: Final[Mapping[DecisionKind, str]] = {
    DecisionKind.APPROVE: "Approved",
    DecisionKind.CANCEL: "Cancellation requested",
}

# What the history says of an approval by whoever submitted the order.
OWN_APPROVAL_LABEL: Final = "Approved by the submitter"

DECISION_NOUNS: Final[Mapping[DecisionKind, str]] = {
    DecisionKind.APPROVE: "The approval",
    DecisionKind.CANCEL: "The cancellation",
}

OUTCOME_LABELS: Final[Mapping[Outcome, str]] = {
    Outcome.PENDING: "Being checked",
    Outcome.ACCEPTED: "Accepted",
    Outcome.REPEATED: "Had been decided before",
    Outcome.TOO_LATE: "Too late",
}

TROUBLE_LABELS: Final[Mapping[TroubleCode, str]] = {
    TroubleCode.CHARGE_UNRESOLVED: "The payment gateway gives no answer",
    TroubleCode.REFUND_UNRESOLVED: "The payment gateway does not confirm the refund",
    TroubleCode.SHIPMENT_UNRESOLVED: "The warehouse or the carrier gives no answer",
    TroubleCode.CHECK_UNRESOLVED: "The order cannot be checked",
    TroubleCode.RUN_FAILING: "The order's workflow cannot go on",
    TroubleCode.RUN_PAUSED: "The order's workflow is paused in Temporal",
    TroubleCode.RUN_LOST: "The order's workflow keeps ending before the order does",
    TroubleCode.MONEY_TAKEN: "The gateway took the money, and no approval is known",
}

HAPPY_PATH: Final = (
    Status.CREATED,
    Status.VALIDATED,
    Status.PENDING_MANUAL_APPROVAL,
    Status.CHARGING_PAYMENT,
    Status.PAID,
    Status.PACKAGE_PREPARED,
    Status.DISPATCHED,
    Status.COMPLETED,
)

FINAL: Final = frozenset({Status.COMPLETED, Status.CANCELLED})
OPEN: Final = frozenset(Status) - FINAL
APPROVABLE: Final = frozenset({Status.CREATED, Status.VALIDATED, Status.PENDING_MANUAL_APPROVAL})
CANCELLABLE: Final = OPEN - {Status.CANCELLING}
IN_MOTION: Final = OPEN - {Status.PENDING_MANUAL_APPROVAL}

TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = {
    **{status: frozenset({following, Status.CANCELLING}) for status, following in pairwise(HAPPY_PATH)},
    Status.CANCELLING: frozenset({Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.CANCELLED: frozenset(),
}


def may_follow(following: Status, current: Status) -> bool:
    """Tell whether `following` is a legal next status after `current`."""
    return following in TRANSITIONS[current]


def check_transition(current: Status, following: Status) -> None:
    """Raise IllegalTransition unless `following` may come right after `current`."""
    if not may_follow(following, current):
        raise IllegalTransition(f"An order that is {current} cannot become {following}.")


def is_at_or_past(current: Status, target: Status) -> bool:
    """Tell whether an order at `current` has reached `target` already, on the way that leads through `target`."""
    way = HAPPY_PATH if target in HAPPY_PATH else (Status.CANCELLING, Status.CANCELLED)
    return current in way and way.index(current) >= way.index(target)
