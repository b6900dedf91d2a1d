"""Plain words for what pages show: spans of time, statuses, what an order waits for, activities, roles."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser, User

from orders import permissions
from orders.contracts import WaitingFor
from orders.labels import DECISION_LABELS, STATUS_LABELS
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

# What the tables alone tell of an order's next step.
NEXT_STEPS: Final[Mapping[Status, str]] = {
    Status.CREATED: "Is about to be checked.",
    Status.VALIDATED: "Was found in order and is about to wait for approval.",
    Status.PENDING_MANUAL_APPROVAL: "Waits for an approver to decide.",
    Status.CHARGING_PAYMENT: "Waits for the payment to be charged.",
    Status.PAID: "Waits for the warehouse to prepare the package.",
    Status.PACKAGE_PREPARED: "Waits for the carrier to take the package.",
    Status.DISPATCHED: "Is with the carrier and about to be completed.",
    Status.COMPLETED: "Paid and dispatched. Nothing more to do.",
    Status.CANCELLING: "Is being cancelled; money that was taken is given back first.",
    Status.CANCELLED: "Ended without being carried out. Nothing more to do.",
}
# What the workflow itself says it waits for.
LIVE_STEPS: Final[Mapping[WaitingFor, str]] = {
    WaitingFor.VALIDATION: "Waits to be checked.",
    WaitingFor.APPROVAL: "Waits for an approver to decide.",
    WaitingFor.PAYMENT: "Waits for the payment to be charged.",
    WaitingFor.SHIPPING: "Waits for the warehouse and the carrier.",
    WaitingFor.COMPLETION: "Is with the carrier and about to be completed.",
    WaitingFor.REFUND: "Is being cancelled; waits for the money to be given back.",
    WaitingFor.CANCELLATION: "Is being cancelled.",
}

# What people can do about an order in trouble.
TROUBLE_ADVICE: Final[Mapping[TroubleCode, str]] = {
    TroubleCode.CHARGE_UNRESOLVED: (
        "Nothing has been declined. The charge is tried again until there is an answer. You can wait, or cancel the "
        "order: whatever was taken is given back."
    ),
    TroubleCode.REFUND_UNRESOLVED: "The refund is tried again until the gateway confirms it. Nothing else is needed.",
    TroubleCode.SHIPMENT_UNRESOLVED: (
        "The step is tried again until there is an answer. You can wait, or cancel the order: the money is given back."
    ),
    TroubleCode.CHECK_UNRESOLVED: "The check is tried again until there is an answer. You can wait, or cancel.",
    TroubleCode.RUN_FAILING: (
        "Decisions are kept, but nothing happens to the order until this is repaired. "
        "Tell the people who run the console."
    ),
    TroubleCode.RUN_PAUSED: "Decisions are kept. Nothing happens to the order until its workflow is resumed.",
    TroubleCode.RUN_LOST: (
        "Each run was followed by a new one, and the next follows later; the workers' log says why they end. "
        "Tell the people who run the console. Decisions are kept and take effect later."
    ),
    TroubleCode.MONEY_TAKEN: (
        "Approve the order to go on, which takes no money again, or cancel it to give the money back."
    ),
}

DAY: Final = 24 * 3600


def describe_status(status: Status, decision: str = "") -> tuple[str, str, str]:
    """Return tone, icon and words of a status, or of a decision that is ahead of it."""
    ahead = find_decision_ahead(status, decision)
    if ahead == DecisionKind.APPROVE:
        return STATUS_TONES[Status.CHARGING_PAYMENT], "check", str(DECISION_LABELS[DecisionKind.APPROVE])
    if ahead == DecisionKind.CANCEL:
        return STATUS_TONES[Status.CANCELLING], STATUS_ICONS[Status.CANCELLING], str(STATUS_LABELS[Status.CANCELLING])
    return STATUS_TONES[status], STATUS_ICONS[status], str(STATUS_LABELS[status])


def describe_wait(waiting_for: str | None, status: Status) -> str:
    """Return what an order waits for by its workflow's answer; what another release calls it is passed over."""
    known = [LIVE_STEPS[wait] for wait in WaitingFor if wait == waiting_for]
    return known[0] if known else NEXT_STEPS[status]


def describe_span(span: timedelta) -> str:
    """Return a span in its two largest units, such as '3 h 20 min'; below a minute in seconds."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // DAY, seconds % DAY // 3600, seconds % 3600 // 60
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def describe_age(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, such as '5 min ago'."""
    span = now - moment
    return f"{describe_span(span)} ago" if span >= timedelta(minutes=1) else "just now"


def describe_deadline(deadline: datetime, now: datetime) -> str:
    """Return when a deadline is, such as 'in 3 h 20 min', or that it is over."""
    return f"in {describe_span(deadline - now)}" if deadline > now else "time is over"


def is_soon(deadline: datetime, now: datetime) -> bool:
    """Tell whether less than an hour is left, so that a page should point at it."""
    return deadline - now < timedelta(hours=1)


def describe_moment(moment: datetime) -> str:
    """Return the exact time, such as '23 Nov 2026, 14:43:05 UTC'."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC"


def describe_role(user: User | AnonymousUser) -> str:
    """Return what a signed-in person is here, from what they may do."""
    if user.is_superuser:
        return "administrator"
    decides = any(permissions.may_decide(user, kind) for kind in DecisionKind)
    roles = [word for word, has_it in (("clerk", permissions.may_submit(user)), ("approver", decides)) if has_it]
    if roles:
        return " and ".join(roles)
    return "viewer" if permissions.may_view(user) else "no role yet"
