"""The words that pages show: durations, statuses, what an order is waiting for, roles."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext_lazy

from orders import permissions
from orders.contracts import WaitingFor
from orders.decisions.steps import Deed
from orders.labels import DECISION_LABELS, STATUS_LABELS, Label
from orders.labels.spans import describe_span
from orders.states import DecisionKind, Status, TroubleCode, find_decision_ahead

# Each status has a tone (a colour) and an icon of its own (a shape), beside its words.
STATUS_TONES: Final[Mapping[Status, str]] = {
    Status.CREATED: "progress",
    Status.VALIDATED: "progress",
    Status.PENDING_MANUAL_APPROVAL: "waiting",
    Status.CHARGING_PAYMENT: "progress",
    Status.PAID: "progress",
    Status.PACKAGE_PREPARED: "progress",
    Status.DISPATCHED: "progress",
    Status.COMPLETED: "done",
    Status.CANCELLING: "stopping",
    Status.CANCELLED: "stopped",
}
STATUS_ICONS: Final[Mapping[Status, str]] = {
    Status.CREATED: "circle-dashed",
    Status.VALIDATED: "circle-dot",
    Status.PENDING_MANUAL_APPROVAL: "hourglass",
    Status.CHARGING_PAYMENT: "card",
    Status.PAID: "coin",
    Status.PACKAGE_PREPARED: "box",
    Status.DISPATCHED: "truck",
    Status.COMPLETED: "check",
    Status.CANCELLING: "undo",
    Status.CANCELLED: "cross",
}

# What comes next for an order, as far as its row tells.
STATUS_SENTENCES: Final[Mapping[Status, str]] = {
    Status.CREATED: "Validation starts in a moment.",
    Status.VALIDATED: "Valid. Approval comes next.",
    Status.PENDING_MANUAL_APPROVAL: "Waiting for an approver to decide.",
    Status.CHARGING_PAYMENT: "Waiting for the payment to be charged.",
    Status.PAID: "Waiting for the warehouse to prepare the package.",
    Status.PACKAGE_PREPARED: "Waiting for the carrier to collect the package.",
    Status.DISPATCHED: "With the carrier. The order will be completed in a moment.",
    Status.COMPLETED: "Paid and dispatched. No action needed.",
    Status.CANCELLING: "Being cancelled. Any money taken is refunded first.",
    Status.CANCELLED: "The order will not be carried out. No action needed.",
}
# What its workflow says it is waiting for.
WAITING_SENTENCES: Final[Mapping[WaitingFor, str]] = {
    WaitingFor.VALIDATION: "Waiting to be validated.",
    WaitingFor.APPROVAL: "Waiting for an approver to decide.",
    WaitingFor.PAYMENT: "Waiting for the payment to be charged.",
    WaitingFor.SHIPPING: "Waiting for the warehouse and the carrier.",
    WaitingFor.COMPLETION: "With the carrier. The order will be completed in a moment.",
    WaitingFor.REFUND: "Being cancelled. Waiting for the refund.",
    WaitingFor.CANCELLATION: "Being cancelled.",
}

# What people can do about an order in trouble.
TROUBLE_ADVICE: Final[Mapping[TroubleCode, str]] = {
    TroubleCode.CHARGE_UNRESOLVED: (
        "The charge has not been declined. It is retried until the gateway answers. You can wait, or cancel the order; "
        "any money taken is refunded."
    ),
    TroubleCode.REFUND_UNRESOLVED: "The refund is retried until the gateway confirms it. No action needed.",
    TroubleCode.SHIPMENT_UNRESOLVED: (
        "The step is retried until there is an answer. You can wait, or cancel the order; the money is refunded."
    ),
    TroubleCode.CHECK_UNRESOLVED: "Validation is retried until there is an answer. You can wait, or cancel the order.",
    TroubleCode.RUN_FAILING: (
        "Decisions are saved, but the order does not move until this is repaired. Tell the team that runs the console."
    ),
    TroubleCode.RUN_PAUSED: "Decisions are saved. The order does not move until its workflow is resumed.",
    TroubleCode.RUN_LOST: (
        "Each run was replaced by a new one, and the next starts later; the workers' log says why they end. "
        "Decisions are saved and take effect later. Tell the team that runs the console."
    ),
    TroubleCode.MONEY_TAKEN: (
        "Approve the order to continue without charging again, or cancel it to refund the customer."
    ),
    TroubleCode.CUSTOMER_ACTION: (
        "The gateway has asked the customer, and the charge continues when they confirm it. You can wait, or cancel."
    ),
}

# So many of those who look at an order are named.
MOST_PRESENT: Final = 3


def describe_status(status: Status, decision: str = "") -> tuple[str, str, str]:
    """Return tone, icon and words of a status, or of a decision that is ahead of it."""
    ahead = find_decision_ahead(status, decision)
    if ahead == DecisionKind.APPROVE:
        return STATUS_TONES[Status.CHARGING_PAYMENT], "check", str(DECISION_LABELS[DecisionKind.APPROVE])
    if ahead == DecisionKind.CANCEL:
        return STATUS_TONES[Status.CANCELLING], STATUS_ICONS[Status.CANCELLING], str(STATUS_LABELS[Status.CANCELLING])
    return STATUS_TONES[status], STATUS_ICONS[status], str(STATUS_LABELS[status])


def describe_approvals(given: int, needed: int) -> str:
    """Say that some people have approved an order and others still have to."""
    return f"{given} of {needed} approvals. Waiting for {'another approver' if needed - given == 1 else 'approvers'}."


def describe_wait(waiting_for: str | None, status: Status) -> str:
    """Return what an order waits for by its workflow's answer, or by its row where the answer is unknown here."""
    known = [WAITING_SENTENCES[wait] for wait in WaitingFor if wait == waiting_for]
    return known[0] if known else STATUS_SENTENCES[status]


def describe_age(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, such as '5 min ago'."""
    span = now - moment
    return f"{describe_span(span)} ago" if span >= timedelta(minutes=1) else "just now"


def describe_deadline(deadline: datetime, now: datetime) -> str:
    """Return when a deadline is, such as 'in 3 h 20 min', or that it is over."""
    return f"in {describe_span(deadline - now)}" if deadline > now else "overdue"


def is_soon(deadline: datetime, now: datetime) -> bool:
    """Tell whether less than an hour is left."""
    return deadline - now < timedelta(hours=1)


def describe_moment(moment: datetime) -> str:
    """Return the exact time, such as '23 Nov 2026, 14:43:05 UTC'."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC"


def name_deeds(deeds: Iterable[Deed]) -> tuple[tuple[str, str], ...]:
    """Return what can be done to a step, each by its code and in words, as on a button."""
    return tuple((deed.value, str(DEED_LABELS[deed])) for deed in deeds)


def describe_present(names: Sequence[str]) -> str:
    """Say who else looks at an order just now; empty where nobody does."""
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} is looking at this order."
    named, rest = names[:MOST_PRESENT], len(names) - MOST_PRESENT
    if rest > 0:
        return f"{', '.join(named)} and {rest} more are looking at this order."
    return f"{', '.join(named[:-1])} and {named[-1]} are looking at this order."


def describe_role(user: User | AnonymousUser) -> str:
    """Return a user's role in words, from their permissions."""
    if user.is_superuser:
        return "administrator"
    decides = any(permissions.may_decide(user, kind) for kind in DecisionKind)
    roles = [word for word, has_it in (("clerk", permissions.may_submit(user)), ("approver", decides)) if has_it]
    if roles:
        return " and ".join(roles)
    return "viewer" if permissions.may_view(user) else "no role yet"


DEED_LABELS: Final[Mapping[Deed, Label]] = {
    Deed.RETRY: gettext_lazy("Retry now"),
    Deed.PAUSE: gettext_lazy("Pause"),
    Deed.RESUME: gettext_lazy("Resume"),
}
SORT_LABELS: Final[Mapping[str, Label]] = {
    "newest": gettext_lazy("Newest"),
    "expiring": gettext_lazy("Next to expire"),
    "oldest": gettext_lazy("Oldest"),
    "closed": gettext_lazy("Last closed"),
    "largest": gettext_lazy("Largest total"),
    "smallest": gettext_lazy("Smallest total"),
}
