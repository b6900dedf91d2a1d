"""The words of notices, of how a person is told, and of e-mails."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from orders.labels import Label
from orders.labels.batches import BATCH_STATE_LABELS
from orders.labels.declines import describe_decline
from orders.money import Money
from orders.states import BatchState, CustomerMessageKind, DecisionKind, MailState, NoticeKind, NoticeWay

NOTICE_KIND_LABELS: Final[Mapping[NoticeKind, Label]] = {
    NoticeKind.NEEDS_APPROVAL: gettext_lazy("An order needs your approval"),
    NoticeKind.EXPIRING: gettext_lazy("An order that needs your approval expires soon"),
    NoticeKind.ESCALATED: gettext_lazy("An order was escalated to you"),
    NoticeKind.MENTIONED: gettext_lazy("Someone mentions you in a comment"),
    NoticeKind.BATCH_ENDED: gettext_lazy("Your batch has ended"),
    NoticeKind.REFUND_FAILED: gettext_lazy("A refund failed and needs a person"),
    NoticeKind.WEBHOOK_PAUSED: gettext_lazy("A webhook was paused after failing"),
}

NOTICE_WAY_LABELS: Final[Mapping[NoticeWay, Label]] = {
    NoticeWay.OFF: gettext_lazy("Off"),
    NoticeWay.CONSOLE: gettext_lazy("In the console"),
    NoticeWay.DIGEST: gettext_lazy("In the console, and by e-mail every hour"),
    NoticeWay.AT_ONCE: gettext_lazy("In the console, and by e-mail at once"),
}

CUSTOMER_MESSAGE_LABELS: Final[Mapping[CustomerMessageKind, Label]] = {
    CustomerMessageKind.CONFIRMATION: gettext_lazy("Order received"),
    CustomerMessageKind.APPROVED: gettext_lazy("Order approved"),
    CustomerMessageKind.SHIPPED: gettext_lazy("Order shipped"),
    CustomerMessageKind.CANCELLED: gettext_lazy("Order cancelled"),
}

MAIL_STATE_LABELS: Final[Mapping[MailState, Label]] = {
    MailState.PENDING: gettext_lazy("To be sent"),
    MailState.SENDING: gettext_lazy("Being sent"),
    MailState.SENT: gettext_lazy("Sent"),
    MailState.FAILED: gettext_lazy("Refused by the mail server"),
    MailState.UNKNOWN: gettext_lazy("Interrupted, may not have been sent"),
    MailState.DROPPED: gettext_lazy("Not sent, because it was no longer needed"),
}

# By the codes of why a webhook is paused.
PAUSE_LABELS: Final[Mapping[str, Label]] = {
    "FAILING": gettext_lazy("No call succeeded for three days."),
    "GONE": gettext_lazy("The receiver answered that it is gone (410)."),
}


def describe_notice(kind: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and detail of a notice, from its kind and data; the detail may be empty.

    A kind of another release is shown by its code.
    """
    if kind not in set(NoticeKind):
        return kind, ""
    match NoticeKind(kind):
        case NoticeKind.MENTIONED:
            return _("%(name)s mentions you in a comment") % {"name": data["by"]}, str(data["text"])
        case NoticeKind.BATCH_ENDED:
            return _describe_batch(data)
        case NoticeKind.REFUND_FAILED:
            return _describe_refund(data), describe_decline(data.get("code", ""), data.get("error", ""))
        case NoticeKind.WEBHOOK_PAUSED:
            return _("The webhook %(url)s was paused") % {"url": data["url"]}, str(PAUSE_LABELS.get(data["reason"], ""))
        case NoticeKind.EXPIRING:
            return _("An order that needs your approval expires soon"), ""
        case NoticeKind.ESCALATED:
            return _("An order was escalated to you"), ""
    if data.get("is_reminder"):
        return _("An order still needs your approval"), _("Half of the time is over.")
    return _("An order needs your approval"), ""


def _describe_refund(data: Mapping[str, Any]) -> str:
    if "amount" not in data:
        return _("A refund needs a person")
    return _("A refund of %(money)s needs a person") % {"money": Money(data["amount"], data["currency"])}


def _describe_batch(data: Mapping[str, Any]) -> tuple[str, str]:
    is_done = data["state"] == BatchState.DONE
    title = _("Your batch is done") if is_done else _("Your batch has ended: %(state)s") % {"state": _state_of(data)}
    is_approval = data["kind"] == DecisionKind.APPROVE
    words = (
        ngettext("%(decided)s of %(total)s order approved", "%(decided)s of %(total)s orders approved", data["total"])
        if is_approval
        else ngettext(
            "%(decided)s of %(total)s order cancelled", "%(decided)s of %(total)s orders cancelled", data["total"]
        )
    )
    return title, words % {"decided": data["decided"], "total": data["total"]}


def _state_of(data: Mapping[str, Any]) -> str:
    return str(BATCH_STATE_LABELS[BatchState(data["state"])]).lower()
