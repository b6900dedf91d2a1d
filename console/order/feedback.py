"""What the console says after a decision or a refund: nothing is called done before it is known to count."""

from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.contracts import Answer
from orders.engine.live_status import LiveStatus
from orders.labels import describe_too_late, describe_undelivered
from orders.models import Decision, Order, OutboxMessage, Refund
from orders.states import WITHDRAWN, DecisionKind, Outcome

SUBJECTS: Final = {
    DecisionKind.APPROVE: gettext_lazy("Your approval"),
    DecisionKind.CANCEL: gettext_lazy("Your cancellation"),
}
WITHDRAWAL: Final = gettext_lazy("Your withdrawal")
DONE: Final = {
    DecisionKind.APPROVE: gettext_lazy("Approved. The payment will be charged next."),
    DecisionKind.CANCEL: gettext_lazy("Cancellation accepted. The order is being cancelled."),
}
APPROVED_FREE: Final = gettext_lazy("Approved. There is nothing to charge, so the order will be packed next.")


@dataclass(frozen=True)
class Feedback:
    """The result of the decision that the user just made; `tone` is done, waiting or refused."""

    sentence: str
    tone: str


def judge_decision(decision: Decision, message: OutboxMessage, live: LiveStatus | None) -> Feedback:
    """Return what is certain after a decision. Accepted or too late is said only once it is known."""
    kind = DecisionKind(decision.kind)
    subject = str(WITHDRAWAL if decision.reason_code == WITHDRAWN else SUBJECTS[kind])
    if decision.outcome in {Outcome.ACCEPTED, Outcome.REPEATED}:
        return _done(message.order, kind)
    if decision.outcome == Outcome.TOO_LATE:
        return Feedback(describe_too_late(subject), "refused")
    if message.status == OutboxMessage.Status.PENDING:
        return _wait_for_temporal(subject)
    if message.status == OutboxMessage.Status.REFUSED:
        sentence = describe_undelivered(subject, refusal=message.last_error)
        advice = _("Ask an administrator to look into it.")
        return Feedback(f"{sentence} {advice}", "waiting")
    last = live.answer.last_decision if live is not None and live.answer is not None else None
    answer = last.outcome if last is not None and last.decision_id == decision.decision_id else ""
    if answer in {Answer.ACCEPTED, Answer.REPEATED}:
        return _done(message.order, kind)
    if answer == Answer.TOO_LATE:
        return Feedback(describe_too_late(subject), "refused")
    if live is not None and live.is_paused:
        sentence = _(
            "%(subject)s counts. The order's workflow is paused in Temporal: it takes effect when someone resumes the "
            "workflow there."
        )
    elif live is not None and live.is_away:
        sentence = _("%(subject)s is saved. It takes effect as soon as the order's workflow answers again.")
    else:
        sentence = _("%(subject)s is being checked. The order's history will show the result.")
    return Feedback(sentence % {"subject": subject}, "waiting")


def _wait_for_temporal(subject: str) -> Feedback:
    """Say that a message, such as "Your approval", has not left the console yet."""
    effect = _("It takes effect as soon as Temporal can be reached.")
    return Feedback(f"{describe_undelivered(subject)} {effect}", "waiting")


def _done(order: Order, kind: DecisionKind) -> Feedback:
    """Say that the decision was accepted, and what comes next."""
    if kind == DecisionKind.APPROVE and order.is_partly_approved:
        sentence = _("Your approval counts: %(given)s of %(needed)s. Someone else has to approve the order too.")
        return Feedback(sentence % {"given": order.approvals_given, "needed": order.approvals_needed}, "done")
    return Feedback(str(APPROVED_FREE if order.is_free and kind == DecisionKind.APPROVE else DONE[kind]), "done")


def judge_refund(refund: Refund) -> Feedback:
    """Return what is certain after somebody has asked for a refund."""
    words = {"money": refund.amount_money}
    if refund.status == Refund.Status.SUCCEEDED:
        return Feedback(_("%(money)s refunded.") % words, "done")
    message = OutboxMessage.objects.filter(key=refund.key).first()
    if message is not None and message.status != OutboxMessage.Status.DELIVERED:
        return _wait_for_temporal(_("The refund of %(money)s") % words)
    return Feedback(_("Refund of %(money)s requested. The payment gateway is asked next.") % words, "done")
