"""The refunds of an order on its page: each with its state, what is left to refund, and what a refund would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from console.order.facts import PageFacts
from orders import labels, permissions
from orders.decisions.refunds import find_refusal
from orders.events import EventKind
from orders.lifecycle.attempts import GIVE_BACK
from orders.lifecycle.troubles import UNRESOLVED_AFTER
from orders.models import OrderEvent, Payment, Refund, RefundFollowUp
from orders.money import Money
from orders.payments.refund import COUNTED

TONES: Final = {
    Refund.Status.PENDING: "progress",
    Refund.Status.SUCCEEDED: "done",
    Refund.Status.CLOSED: "stopped",
    Refund.Status.FAILED: "danger",
}


@dataclass(frozen=True)
class RefundFace:
    """One refund in words; `detail` says why it is not done, `task` what a person has to do about it.

    The user may have it tried again, or say that it was settled in another way.
    """

    refund: Refund
    state: str
    tone: str
    goods: str
    who: str
    detail: str = ""
    task: str = ""
    may_try_again: bool = False
    may_settle: bool = False


@dataclass(frozen=True)
class RefundPanel:
    """What was charged and given back, each refund, and whether the user may refund more."""

    summary: str
    refunds: tuple[RefundFace, ...]
    left: Money
    charged: Money
    may_refund: bool


def build_refund_panel(facts: PageFacts, user: User) -> RefundPanel | None:
    """Return the panel for `user`; None for an order of which nothing was charged."""
    payment = facts.payment
    if payment is None or payment.status not in {Payment.Status.CHARGED, Payment.Status.REFUNDED}:
        return None
    given_back, coming = (
        sum(refund.amount for refund in facts.refunds if refund.status == status) for status in COUNTED[::-1]
    )
    left = Money(payment.amount - given_back - coming, payment.currency)
    may_refund = permissions.may_refund(user) and not find_refusal(facts.order, payment, left.minor)
    may_follow_up = permissions.may_refund(user)
    faces = tuple(_describe(refund, facts, may_follow_up=may_follow_up) for refund in facts.refunds)
    summary = _summarise(payment, given_back, coming) if facts.refunds else ""
    return RefundPanel(summary, faces, left, payment.amount_money, may_refund)


def describe_effect(panel: RefundPanel, money: Money) -> str:
    """Say what a refund of `money` does, or that there is not so much left."""
    if money.minor > panel.left.minor:
        return _("No more than %(left)s is left to refund.") % {"left": panel.left}
    rest = Money(panel.left.minor - money.minor, money.currency)
    words = {"money": money, "rest": rest}
    if rest.minor:
        return _("%(money)s goes back to the customer; %(rest)s stays charged.") % words
    return _("%(money)s goes back to the customer; nothing stays charged.") % words


def _summarise(payment: Payment, given_back: int, coming: int) -> str:
    words = {
        "charged": payment.amount_money,
        "refunded": Money(given_back, payment.currency),
        "coming": Money(coming, payment.currency),
    }
    if not coming:
        return _("Charged %(charged)s, %(refunded)s refunded") % words
    if not given_back:
        return _("Charged %(charged)s, %(coming)s on its way back") % words
    return _("Charged %(charged)s, %(refunded)s refunded, %(coming)s on its way back") % words


def _describe(refund: Refund, facts: PageFacts, *, may_follow_up: bool) -> RefundFace:
    events, now = facts.events, facts.status.now
    follow_up: RefundFollowUp | None = getattr(refund, "follow_up", None)
    state, detail, task = str(refund.get_status_display()), "", ""
    if refund.status == Refund.Status.FAILED:
        detail, task = _find_refusal_words(refund, events), "" if follow_up else _("A person has to see to it.")
        if follow_up is not None:
            who = labels.describe_actor(follow_up.actor, follow_up.channel)
            said = _("%(done)s by %(who)s") % {"done": follow_up.get_kind_display(), "who": who}
            detail = " ".join(filter(None, [detail, f"{said}: {follow_up.note}" if follow_up.note else f"{said}."]))
    elif refund.status == Refund.Status.PENDING:
        failed = _find_last_failure(refund, events)
        if failed is not None:
            state = _("Retrying")
            attempt = {"attempt": failed["attempt"], "error": str(failed["error"]).rstrip(".")}
            detail = _("Attempt %(attempt)s failed: %(error)s.") % attempt
        if now - refund.requested_at >= UNRESOLVED_AFTER:
            task = _("The gateway has not confirmed it. It is retried until it does.")
    return RefundFace(
        refund=refund,
        state=state,
        tone="danger" if task else TONES[Refund.Status(refund.status)],
        goods=", ".join(_("%(quantity)s of %(sku)s") % line for line in refund.lines or ()),
        who=labels.describe_actor(refund.requested_by, refund.channel) if refund.requested_by else _("workflow"),
        detail=detail,
        task=task,
        may_try_again=bool(task) and may_follow_up,
        may_settle=bool(task) and may_follow_up and refund.status == Refund.Status.FAILED,
    )


def _find_last_failure(refund: Refund, events: Sequence[OrderEvent]) -> dict[str, Any] | None:
    """Return the newest failed attempt of a refund; the events are given newest first."""
    for event in events:
        is_failure = event.kind == EventKind.STEP_FAILED and event.data.get("activity") == GIVE_BACK
        if is_failure and event.data.get("refund_key") == refund.key:
            found: dict[str, Any] = event.data
            return found
    return None


def _find_refusal_words(refund: Refund, events: Sequence[OrderEvent]) -> str:
    for event in events:
        if event.kind == EventKind.REFUND_REFUSED and event.key == f"refused:{refund.key}":
            return event.detail
    return ""
