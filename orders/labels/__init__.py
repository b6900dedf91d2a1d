"""The words for every code: statuses, reasons, decisions, outcomes, troubles, steps, events. Nothing else says them.

Words are made when they are shown, in the language of whoever reads them; the English ones are the keys of the
translations. Tables and messages hold codes and data alone.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.causes import ENDING_CAUSES, explain_cause
from orders.contracts import CANCEL_REQUEST_ACTOR, EARLIER_RUN_ACTOR, UNNAMED_ACTOR
from orders.events import IMMEDIATE, STATUSES, EventKind
from orders.labels.activities import ACTIVITY_LABELS as ACTIVITY_LABELS
from orders.labels.activities import describe_activity as describe_activity
from orders.labels.addresses import describe_correction
from orders.labels.deadlines import describe_escalation, describe_extension, describe_reminder
from orders.labels.declines import describe_decline
from orders.labels.losses import describe_loss
from orders.labels.reasons import describe_reason
from orders.labels.stored import describe_stored as describe_stored
from orders.money import Money
from orders.states import (
    Channel,
    DecisionKind,
    Outcome,
    ReasonCode,
    RefusalCode,
    Status,
    TroubleCode,
)

Label = str | Promise

STATUS_LABELS: Final[Mapping[Status, Label]] = {
    Status.CREATED: gettext_lazy("Created"),
    Status.VALIDATED: gettext_lazy("Validated"),
    Status.PENDING_MANUAL_APPROVAL: gettext_lazy("Awaiting approval"),
    Status.CHARGING_PAYMENT: gettext_lazy("Charging payment"),
    Status.PAID: gettext_lazy("Paid"),
    Status.PACKAGE_PREPARED: gettext_lazy("Package prepared"),
    Status.DISPATCHED: gettext_lazy("Dispatched"),
    Status.COMPLETED: gettext_lazy("Completed"),
    Status.CANCELLING: gettext_lazy("Cancelling"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
}

REASON_LABELS: Final[Mapping[ReasonCode, Label]] = {
    ReasonCode.STAFF: gettext_lazy("Cancelled by staff"),
    ReasonCode.APPROVAL_TIMEOUT: gettext_lazy("Not approved in time"),
    ReasonCode.INVALID: gettext_lazy("Invalid order"),
    ReasonCode.PAYMENT_DECLINED: gettext_lazy("Payment declined"),
    ReasonCode.SHIPPING_FAILED: gettext_lazy("Could not be shipped"),
}

DECISION_LABELS: Final[Mapping[DecisionKind, Label]] = {
    DecisionKind.APPROVE: gettext_lazy("Approved"),
    DecisionKind.CANCEL: gettext_lazy("Cancellation requested"),
}

OUTCOME_LABELS: Final[Mapping[Outcome, Label]] = {
    Outcome.PENDING: gettext_lazy("Being checked"),
    Outcome.ACCEPTED: gettext_lazy("Accepted"),
    Outcome.REPEATED: gettext_lazy("Already decided"),
    Outcome.TOO_LATE: gettext_lazy("Too late"),
    Outcome.REFUSED: gettext_lazy("Not accepted"),
}

CHANNEL_LABELS: Final[Mapping[Channel, Label]] = {
    Channel.CONSOLE: gettext_lazy("Console"),
    Channel.API: gettext_lazy("API"),
    Channel.TERMINAL: gettext_lazy("Terminal"),
    Channel.TEMPORAL: gettext_lazy("Temporal"),
    Channel.POLICY: gettext_lazy("Policy"),
}

REFUSAL_LABELS: Final[Mapping[RefusalCode, Label]] = {
    RefusalCode.OUTSIDE: gettext_lazy("Approvals sent straight through Temporal do not count here."),
    RefusalCode.OWN_ORDER: gettext_lazy("It names the person who submitted the order."),
    RefusalCode.POLICY: gettext_lazy(
        "The policy asks for an approval by somebody else, with an account of the console."
    ),
}

TROUBLE_LABELS: Final[Mapping[TroubleCode, Label]] = {
    TroubleCode.CHARGE_UNRESOLVED: gettext_lazy("The payment gateway is not responding"),
    TroubleCode.REFUND_UNRESOLVED: gettext_lazy("The payment gateway has not confirmed the refund"),
    TroubleCode.SHIPMENT_UNRESOLVED: gettext_lazy("The warehouse or the carrier is not responding"),
    TroubleCode.CHECK_UNRESOLVED: gettext_lazy("The order cannot be validated"),
    TroubleCode.RUN_FAILING: gettext_lazy("The order's workflow is stuck"),
    TroubleCode.RUN_PAUSED: gettext_lazy("The order's workflow is paused in Temporal"),
    TroubleCode.RUN_LOST: gettext_lazy("The order's workflow keeps ending too early"),
    TroubleCode.MONEY_TAKEN: gettext_lazy("The customer was charged, but there is no approval"),
    TroubleCode.CUSTOMER_ACTION: gettext_lazy("The customer has to confirm the payment"),
}

# Names that stand for somebody whom only Temporal knows.
ACTOR_LABELS: Final[Mapping[str, Label]] = {
    UNNAMED_ACTOR: gettext_lazy("someone using Temporal"),
    CANCEL_REQUEST_ACTOR: gettext_lazy("a cancel request in Temporal"),
    EARLIER_RUN_ACTOR: gettext_lazy("someone, according to an earlier workflow run"),
}

EVENT_LABELS: Final[Mapping[EventKind, Label]] = {
    EventKind.SUBMITTED: gettext_lazy("Submitted"),
    EventKind.APPROVED: gettext_lazy("Approved"),
    EventKind.CANCELLATION_REQUESTED: gettext_lazy("Cancellation requested"),
    EventKind.WITHDRAWN: gettext_lazy("Withdrawn by the submitter"),
    EventKind.DECISION_TOO_LATE: gettext_lazy("A decision came too late"),
    EventKind.DECISION_REFUSED: gettext_lazy("An approval through Temporal was not accepted"),
    EventKind.COMMENTED: gettext_lazy("Comment"),
    EventKind.COMMENT_EDITED: gettext_lazy("Comment edited"),
    EventKind.ADDRESS_CORRECTED: gettext_lazy("Address corrected"),
    EventKind.DEADLINE_EXTENDED: gettext_lazy("Deadline extended"),
    EventKind.REMINDED: gettext_lazy("Approvers reminded"),
    EventKind.ESCALATED: gettext_lazy("Escalated"),
    EventKind.TAGGED: gettext_lazy("Tag added"),
    EventKind.UNTAGGED: gettext_lazy("Tag removed"),
    EventKind.AUTHORISED: gettext_lazy("Authorised %(money)s"),
    EventKind.RELEASED: gettext_lazy("Authorisation released, nothing was charged"),
    EventKind.CHARGED: gettext_lazy("Charged %(money)s"),
    EventKind.CHARGE_DECLINED: gettext_lazy("Payment declined"),
    EventKind.CHARGE_FOUND: gettext_lazy("The gateway had already charged the payment"),
    EventKind.NOTHING_TO_CHARGE: gettext_lazy("Nothing to charge"),
    EventKind.REFUND_REQUESTED: gettext_lazy("Refund of %(money)s requested"),
    EventKind.REFUND_UNRESOLVED: gettext_lazy("The gateway has not confirmed the refund of %(money)s"),
    EventKind.REFUNDED: gettext_lazy("Refunded %(money)s"),
    EventKind.REFUND_REFUSED: gettext_lazy("The gateway refused to refund %(money)s"),
    EventKind.REFUND_SETTLED: gettext_lazy("Refund of %(money)s settled outside the console"),
    EventKind.CLOSED_UNCHARGED: gettext_lazy("Payment closed before it was charged"),
    EventKind.NOTHING_TO_REFUND: gettext_lazy("Nothing to refund"),
    EventKind.PARCEL_DELIVERED: gettext_lazy("The parcel was delivered"),
    EventKind.PARCEL_RETURNED: gettext_lazy("The parcel was returned to the sender"),
    EventKind.PARCEL_FAILED: gettext_lazy("The parcel could not be delivered"),
    EventKind.PARCEL_FOUND: gettext_lazy("The carrier already had the parcel"),
    EventKind.RUN_STARTED: gettext_lazy("Workflow started"),
    EventKind.RUN_REPLACED: gettext_lazy("Workflow restarted"),
    EventKind.RUN_REFUSED: gettext_lazy("An extra workflow run was stopped"),
    EventKind.STEP_FAILED: gettext_lazy("%(step)s: attempt %(attempt)s failed"),
    EventKind.STEP_LOST: gettext_lazy("Contact with a worker was lost"),
    EventKind.STEP_RETRIED: gettext_lazy("%(step)s: retried at once"),
    EventKind.STEP_PAUSED: gettext_lazy("%(step)s: paused"),
    EventKind.STEP_RESUMED: gettext_lazy("%(step)s: resumed"),
    EventKind.TROUBLE_BEGAN: gettext_lazy("%(trouble)s"),
    EventKind.TROUBLE_ENDED: gettext_lazy("Resolved: %(trouble)s"),
}

OWN_APPROVAL_LABEL: Final = gettext_lazy("Approved by the submitter")
IMMEDIATE_LABEL: Final = gettext_lazy("%(step)s: the immediate attempt failed")
POLICY_APPROVAL_LABEL: Final = gettext_lazy("Approved by the policy")
EARLY_APPROVAL_REFUSED_LABEL: Final = gettext_lazy("An approval was not accepted")

_OF_TROUBLE: Final = frozenset({EventKind.TROUBLE_BEGAN, EventKind.TROUBLE_ENDED})
_OF_PARCELS: Final = frozenset(kind for kind in EventKind if kind.startswith("shipment.")) | {EventKind.DISPATCHED}
_LATE: Final[Mapping[str, Label]] = {
    DecisionKind.APPROVE: gettext_lazy("The approval by %(actor)s had no effect."),
    DecisionKind.CANCEL: gettext_lazy("The cancellation by %(actor)s had no effect."),
}


def describe_actor(name: str, channel: str, terminal_user: str = "") -> str:
    """Return who it was, in words that say how far this is known: only the console itself makes sure of it."""
    if channel == Channel.TEMPORAL:
        if name in ACTOR_LABELS:
            return str(ACTOR_LABELS[name])
        return _("someone using Temporal, who claims to be %(name)s") % {"name": name}
    if channel == Channel.POLICY:
        return _("the policy")
    if channel == Channel.TERMINAL and terminal_user and terminal_user != name:
        return _("%(name)s, according to %(terminal_user)s at the terminal") % {
            "name": name,
            "terminal_user": terminal_user,
        }
    if channel == Channel.TERMINAL:
        return _("%(name)s at the terminal") % {"name": name}
    return name


def describe_approvals(needed: int) -> str:
    """Return how many have to approve an order."""
    match needed:
        case 0:
            return _("approved by the policy")
        case 2:
            return _("two approvers")
    return _("one approver")


def describe_cause(cause: str, text: str = "") -> str:
    """Return why an order is cancelled: the words of its Cause, if it has one, and what somebody said about it."""
    return explain_cause(cause, text, translate=_)


def describe_undelivered(subject: str, *, refusal: str = "") -> str:
    """Say of a message, such as "Your approval", where it is while its workflow has not got it.

    `refusal` is why it cannot be sent as it is.
    """
    if refusal:
        sentence = _("%(subject)s is saved but cannot be sent to the workflow: %(refusal)s")
        return sentence % {"subject": subject, "refusal": describe_stored(refusal)}
    return _("%(subject)s is saved and on its way to the workflow.") % {"subject": subject}


def describe_too_late(subject: str) -> str:
    """Say of a decision, such as "Your approval", that it had no effect."""
    return _("%(subject)s came too late: the order had already moved on.") % {"subject": subject}


def describe_ending(ending: str) -> str:
    """Return how a run ended, as a sentence."""
    return describe_cause(ENDING_CAUSES[ending])


def describe_event(kind: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and detail of an event; a kind of another release is shown by its code and data."""
    try:
        known = EventKind(kind)
    except ValueError:
        return kind, ", ".join(f"{name}: {value}" for name, value in data.items())
    if known == EventKind.AWAITING_APPROVAL and "rule" in data:
        return _title(known, data), f"{data['rule']}: {describe_approvals(data['approvals_needed'])}"
    return _title(known, data), _detail(known, data)


def _title(kind: EventKind, data: Mapping[str, Any]) -> str:
    if data.get("is_own_order"):
        return str(OWN_APPROVAL_LABEL)
    if kind == EventKind.APPROVED and data.get("channel") == Channel.POLICY:
        return str(POLICY_APPROVAL_LABEL)
    if kind == EventKind.DECISION_REFUSED and data["channel"] != Channel.TEMPORAL:
        return str(EARLY_APPROVAL_REFUSED_LABEL)
    if kind == EventKind.APPROVED and "approvals" in data:
        return _("Approved, %(approvals)s of %(approvals_needed)s") % data
    is_immediate = kind is EventKind.STEP_FAILED and data.get("attempt") == IMMEDIATE
    label = IMMEDIATE_LABEL if is_immediate else EVENT_LABELS.get(kind) or STATUS_LABELS[STATUSES[kind]]
    return str(label) % {
        "money": Money(data["amount"], data["currency"]) if "currency" in data else "",
        "step": describe_activity(data.get("activity", "")),
        "attempt": data.get("attempt", ""),
        "trouble": TROUBLE_LABELS[TroubleCode(data["code"])] if kind in _OF_TROUBLE else "",
    }


def _describe_refused_run(activity: str) -> str:
    if not activity:
        return _("Nothing was done.")
    return _("%(step)s: nothing was done.") % {"step": describe_activity(activity)}


def _describe_request(data: Mapping[str, Any]) -> str:
    """Return why something was asked for, and on a line of its own what the customer is to be told."""
    why = describe_reason(data.get("reason_code", ""), data["reason"], data.get("reason_words", ""))
    told = data.get("customer_text", "")
    return "\n".join(filter(None, [why, _("For the customer: %(text)s") % {"text": told} if told else ""]))


_DETAILS: Final[Mapping[EventKind, Callable[[Mapping[str, Any]], str]]] = {
    EventKind.CANCELLATION_REQUESTED: _describe_request,
    EventKind.REFUND_REQUESTED: _describe_request,
    EventKind.ADDRESS_CORRECTED: describe_correction,
    EventKind.DEADLINE_EXTENDED: describe_extension,
    EventKind.REMINDED: describe_reminder,
    EventKind.ESCALATED: describe_escalation,
    EventKind.STEP_LOST: describe_loss,
}


def _detail(kind: EventKind, data: Mapping[str, Any]) -> str:
    if kind in _DETAILS:
        return _DETAILS[kind](data)
    match kind:
        case EventKind.DECISION_TOO_LATE:
            return str(_LATE[data["decision"]]) % {"actor": data["decided_by"]}
        case EventKind.DECISION_REFUSED:
            return " ".join(filter(None, [str(REFUSAL_LABELS[RefusalCode(data["code"])]), data["reason"]]))
        case EventKind.CHARGE_DECLINED | EventKind.REFUND_REFUSED:
            return describe_decline(data.get("code", ""), data["error"])
        case EventKind.NOTHING_TO_CHARGE | EventKind.NOTHING_TO_REFUND:
            return _("The order total is zero.")
        case _ if kind in _OF_PARCELS:
            return _("%(carrier)s, tracking number %(tracking_number)s") % data
        case EventKind.CANCELLING | EventKind.CANCELLED:
            return describe_cause(data["cause"], data["reason"]) or str(REASON_LABELS[ReasonCode(data["reason_code"])])
        case EventKind.RUN_REPLACED:
            then = _("The order continues.") if data["goes_on"] else _("The order is being cancelled.")
            return f"{describe_ending(data['ending'])} {then}"
        case EventKind.RUN_REFUSED:
            return _describe_refused_run(data["activity"])
    names = ("reason", "error", "detail", "text", "tag", "gateway_reference", "package_reference")
    found = next((name for name in names if data.get(name)), "")
    return describe_stored(data[found]) if found in {"error", "detail"} else data.get(found, "")
