"""The legal transitions of an order's status: pure data, which guards, buttons and workflow all read."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Final

from orders.errors import IllegalTransition
from orders.language import gettext as _


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


class DecisionReason(StrEnum):
    """Why somebody decided to cancel an order, where they chose from the list; the text beside it says more."""

    CUSTOMER_REQUEST = "CUSTOMER_REQUEST"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    SUSPECTED_FRAUD = "SUSPECTED_FRAUD"
    WRONG_PRICE = "WRONG_PRICE"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    WRONG_ADDRESS = "WRONG_ADDRESS"
    OTHER = "OTHER"


# The reason of a cancellation by whoever submitted the order, before anybody decided; it is on no list.
WITHDRAWN: Final = "WITHDRAWN"


class ReasonKind(StrEnum):
    """What the reasons of a list are for."""

    CANCEL = "CANCEL"
    REFUND = "REFUND"


class CustomerRemark(StrEnum):
    """What stands out about an order, beside the customer's others."""

    TWIN = "TWIN"
    OTHER_ADDRESS = "OTHER_ADDRESS"
    UNUSUAL_TOTAL = "UNUSUAL_TOTAL"
    DECLINED_BEFORE = "DECLINED_BEFORE"


class BatchState(StrEnum):
    """Where a batch is: a decision on many orders."""

    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    DONE = "DONE"


class BatchResult(StrEnum):
    """What a batch came to for one order."""

    DECIDED = "DECIDED"
    OWN_ORDER = "OWN_ORDER"
    REASON_MISSING = "REASON_MISSING"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    TOO_LATE = "TOO_LATE"
    POLICY = "POLICY"
    NOT_ALLOWED = "NOT_ALLOWED"
    BUSY = "BUSY"


class ImportState(StrEnum):
    """Where an import is: a file of orders."""

    CHOOSING = "CHOOSING"
    CHECKING = "CHECKING"
    CHECKED = "CHECKED"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    DONE = "DONE"


class ImportResult(StrEnum):
    """What an import came to for one order of its file; WRONG is known before anything is submitted."""

    WRONG = "WRONG"
    CREATED = "CREATED"
    EXISTING = "EXISTING"
    REFUSED = "REFUSED"


class Outcome(StrEnum):
    """What became of a decision; PENDING until the order's workflow has answered it."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REPEATED = "REPEATED"
    TOO_LATE = "TOO_LATE"
    REFUSED = "REFUSED"


class Channel(StrEnum):
    """Where a decision came from."""

    CONSOLE = "CONSOLE"
    API = "API"
    TERMINAL = "TERMINAL"
    TEMPORAL = "TEMPORAL"
    POLICY = "POLICY"


class RefusalCode(StrEnum):
    """Why an approval does not count, though it was written down."""

    OUTSIDE = "OUTSIDE"
    OWN_ORDER = "OWN_ORDER"
    POLICY = "POLICY"


class NoticeKind(StrEnum):
    """What a person is told of, besides by the pages that they look at."""

    NEEDS_APPROVAL = "NEEDS_APPROVAL"
    EXPIRING = "EXPIRING"
    ESCALATED = "ESCALATED"
    MENTIONED = "MENTIONED"
    BATCH_ENDED = "BATCH_ENDED"
    REFUND_FAILED = "REFUND_FAILED"
    WEBHOOK_PAUSED = "WEBHOOK_PAUSED"


class NoticeWay(StrEnum):
    """How a person wants to be told; by e-mail always means in the console as well."""

    OFF = "OFF"
    CONSOLE = "CONSOLE"
    DIGEST = "DIGEST"
    AT_ONCE = "AT_ONCE"


class CustomerMessageKind(StrEnum):
    """What customers are told by e-mail."""

    CONFIRMATION = "CONFIRMATION"
    APPROVED = "APPROVED"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


class MailState(StrEnum):
    """Where an e-mail is. UNKNOWN: it was about to be sent when the program ended, and is not sent again."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    DROPPED = "DROPPED"


class ConditionCode(StrEnum):
    """What a rule of the approval policy looks at."""

    TOTAL_ABOVE = "TOTAL_ABOVE"
    CURRENCY = "CURRENCY"
    COUNTRY = "COUNTRY"
    SKU = "SKU"
    WEEKDAY = "WEEKDAY"
    HOURS = "HOURS"
    NEW_CUSTOMER = "NEW_CUSTOMER"
    NEW_ADDRESS = "NEW_ADDRESS"
    ORDERS_IN_A_DAY = "ORDERS_IN_A_DAY"
    SAME_BASKET = "SAME_BASKET"
    DECLINED_BEFORE = "DECLINED_BEFORE"


class PolicySubject(StrEnum):
    """What of the approval policy was changed."""

    RULE = "RULE"
    LIMIT = "LIMIT"


class PolicyAction(StrEnum):
    """What was done to it."""

    ADDED = "ADDED"
    CHANGED = "CHANGED"
    REMOVED = "REMOVED"


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
    CUSTOMER_ACTION = "CUSTOMER_ACTION"


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
        sentence = _("An order that is %(current)s cannot become %(following)s.")
        raise IllegalTransition(sentence % {"current": current, "following": following})


def is_at_or_past(current: Status, target: Status) -> bool:
    """Tell whether an order at `current` has already reached or passed `target`."""
    way = HAPPY_PATH if target in HAPPY_PATH else (Status.CANCELLING, Status.CANCELLED)
    return current in way and way.index(current) >= way.index(target)


def find_decision_ahead(status: Status, decision: str) -> DecisionKind | None:
    """Return the decision that counts already though the status does not follow it yet, or None.

    A decision counts from the moment in which it was taken.
    """
    if decision == DecisionKind.APPROVE and status in APPROVABLE:
        return DecisionKind.APPROVE
    return DecisionKind.CANCEL if decision == DecisionKind.CANCEL and status in CANCELLABLE else None
