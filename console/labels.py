"""The words that pages show: durations, statuses, what an order is waiting for, roles."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.contrib.auth.models import AnonymousUser, User
from django.utils.dateformat import format as format_moment
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

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
STATUS_SENTENCES: Final[Mapping[Status, Label]] = {
    Status.CREATED: gettext_lazy("Validation starts in a moment."),
    Status.VALIDATED: gettext_lazy("Valid. Approval comes next."),
    Status.PENDING_MANUAL_APPROVAL: gettext_lazy("Waiting for an approver to decide."),
    Status.CHARGING_PAYMENT: gettext_lazy("Waiting for the payment to be charged."),
    Status.PAID: gettext_lazy("Waiting for the warehouse to prepare the package."),
    Status.PACKAGE_PREPARED: gettext_lazy("Waiting for the carrier to collect the package."),
    Status.DISPATCHED: gettext_lazy("With the carrier. The order will be completed in a moment."),
    Status.COMPLETED: gettext_lazy("Paid and dispatched. No action needed."),
    Status.CANCELLING: gettext_lazy("Being cancelled. Any money taken is refunded first."),
    Status.CANCELLED: gettext_lazy("The order will not be carried out. No action needed."),
}
# What its workflow says it is waiting for.
WAITING_SENTENCES: Final[Mapping[WaitingFor, Label]] = {
    WaitingFor.VALIDATION: gettext_lazy("Waiting to be validated."),
    WaitingFor.APPROVAL: gettext_lazy("Waiting for an approver to decide."),
    WaitingFor.PAYMENT: gettext_lazy("Waiting for the payment to be charged."),
    WaitingFor.SHIPPING: gettext_lazy("Waiting for the warehouse and the carrier."),
    WaitingFor.COMPLETION: gettext_lazy("With the carrier. The order will be completed in a moment."),
    WaitingFor.REFUND: gettext_lazy("Being cancelled. Waiting for the refund."),
    WaitingFor.CANCELLATION: gettext_lazy("Being cancelled."),
}

# What people can do about an order in trouble.
TROUBLE_ADVICE: Final[Mapping[TroubleCode, Label]] = {
    TroubleCode.CHARGE_UNRESOLVED: gettext_lazy(
        "The charge has not been declined. It is retried until the gateway answers. You can wait, or cancel the order; "
        "any money taken is refunded."
    ),
    TroubleCode.REFUND_UNRESOLVED: gettext_lazy(
        "The refund is retried until the gateway confirms it. No action needed."
    ),
    TroubleCode.SHIPMENT_UNRESOLVED: gettext_lazy(
        "The step is retried until there is an answer. You can wait, or cancel the order; the money is refunded."
    ),
    TroubleCode.CHECK_UNRESOLVED: gettext_lazy(
        "Validation is retried until there is an answer. You can wait, or cancel the order."
    ),
    TroubleCode.RUN_FAILING: gettext_lazy(
        "Decisions are saved, but the order does not move until this is repaired. Tell the team that runs the console."
    ),
    TroubleCode.RUN_PAUSED: gettext_lazy("Decisions are saved. The order does not move until its workflow is resumed."),
    TroubleCode.RUN_LOST: gettext_lazy(
        "Each run was replaced by a new one, and the next starts later; the workers' log says why they end. "
        "Decisions are saved and take effect later. Tell the team that runs the console."
    ),
    TroubleCode.MONEY_TAKEN: gettext_lazy(
        "Approve the order to continue without charging again, or cancel it to refund the customer."
    ),
    TroubleCode.CUSTOMER_ACTION: gettext_lazy(
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
    if needed - given == 1:
        sentence = _("%(given)s of %(needed)s approvals. Waiting for another approver.")
    else:
        sentence = _("%(given)s of %(needed)s approvals. Waiting for approvers.")
    return sentence % {"given": given, "needed": needed}


def describe_wait(waiting_for: str | None, status: Status) -> str:
    """Return what an order waits for by its workflow's answer, or by its row where the answer is unknown here."""
    known = [WAITING_SENTENCES[wait] for wait in WaitingFor if wait == waiting_for]
    return str(known[0] if known else STATUS_SENTENCES[status])


def describe_age(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, such as '5 min ago'."""
    span = now - moment
    if span < timedelta(minutes=1):
        return _("just now")
    return _("%(span)s ago") % {"span": describe_span(span)}


def describe_deadline(deadline: datetime, now: datetime) -> str:
    """Return when a deadline is, such as 'in 3 h 20 min', or that it is over."""
    return _("in %(span)s") % {"span": describe_span(deadline - now)} if deadline > now else _("overdue")


def is_soon(deadline: datetime, now: datetime) -> bool:
    """Tell whether less than an hour is left."""
    return deadline - now < timedelta(hours=1)


def describe_moment(moment: datetime) -> str:
    """Return the exact time, such as '23 Nov 2026, 14:43:05 UTC'."""
    # The letters are those of Django's date filter.
    pattern = pgettext("date", "j M Y, H:i:s")
    return f"{format_moment(moment.astimezone(UTC), pattern)} UTC"


def name_deeds(deeds: Iterable[Deed]) -> tuple[tuple[str, str], ...]:
    """Return what can be done to a step, each by its code and in words, as on a button."""
    return tuple((deed.value, str(DEED_LABELS[deed])) for deed in deeds)


def describe_present(names: Sequence[str]) -> str:
    """Say who else looks at an order just now; empty where nobody does."""
    if not names:
        return ""
    if len(names) == 1:
        return _("%(name)s is looking at this order.") % {"name": names[0]}
    named, rest = names[:MOST_PRESENT], len(names) - MOST_PRESENT
    if rest > 0:
        sentence = ngettext(
            "%(names)s and %(rest)s more are looking at this order.",
            "%(names)s and %(rest)s more are looking at this order.",
            rest,
        )
        return sentence % {"names": ", ".join(named), "rest": rest}
    sentence = _("%(names)s and %(last)s are looking at this order.")
    return sentence % {"names": ", ".join(named[:-1]), "last": named[-1]}


def describe_role(user: User | AnonymousUser) -> str:
    """Return a user's role in words, from their permissions."""
    if user.is_superuser:
        return _("administrator")
    submits = permissions.may_submit(user)
    if any(permissions.may_decide(user, kind) for kind in DecisionKind):
        return _("clerk and approver") if submits else _("approver")
    if submits:
        return _("clerk")
    return _("viewer") if permissions.may_view(user) else _("no role yet")


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
