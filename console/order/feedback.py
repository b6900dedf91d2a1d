"""What the console says after a decision or a refund: nothing is called done before it is known to count."""

from dataclasses import dataclass
from typing import Final

from orders.contracts import Answer
from orders.engine.live_status import LiveStatus
from orders.labels import describe_too_late, describe_undelivered
from orders.models import Decision, Order, OutboxMessage, Refund
from orders.states import WITHDRAWN, DecisionKind, Outcome

SUBJECTS: Final = {DecisionKind.APPROVE: "Your approval", DecisionKind.CANCEL: "Your cancellation"}
WITHDRAWAL: Final = "Your withdrawal"
DONE: Final = {
    DecisionKind.APPROVE: "Approved. The payment will be charged next.",
    DecisionKind.CANCEL: "Cancellation accepted. The order is being cancelled.",
}
APPROVED_FREE: Final = "Approved. There is nothing to charge, so the order will be packed next."


@dataclass(frozen=True)
class Feedback:
    """The result of the decision that the user just made; `tone` is done, waiting or refused."""

    sentence: str
    tone: str


def judge_decision(decision: Decision, message: OutboxMessage, live: LiveStatus | None) -> Feedback:
    """Return what is certain after a decision. Accepted or too late is said only once it is known."""
    kind = DecisionKind(decision.kind)
    subject = WITHDRAWAL if decision.reason_code == WITHDRAWN else SUBJECTS[kind]
    if decision.outcome in {Outcome.ACCEPTED, Outcome.REPEATED}:
        return _done(message.order, kind)
    if decision.outcome == Outcome.TOO_LATE:
        return Feedback(describe_too_late(subject), "refused")
    if message.status == OutboxMessage.Status.PENDING:
        sentence = describe_undelivered(subject)
        return Feedback(f"{sentence} It takes effect as soon as Temporal can be reached.", "waiting")
    if message.status == OutboxMessage.Status.REFUSED:
        sentence = describe_undelivered(subject, refusal=message.last_error)
        return Feedback(f"{sentence} Ask an administrator to look into it.", "waiting")
    last = live.answer.last_decision if live is not None and live.answer is not None else None
    answer = last.outcome if last is not None and last.decision_id == decision.decision_id else ""
    if answer in {Answer.ACCEPTED, Answer.REPEATED}:
        return _done(message.order, kind)
    if answer == Answer.TOO_LATE:
        return Feedback(describe_too_late(subject), "refused")
    if live is not None and live.is_paused:
        sentence = f"{subject} counts. The order's workflow is paused in Temporal: it takes effect when someone"
        return Feedback(f"{sentence} resumes the workflow there.", "waiting")
    if live is not None and live.is_away:
        sentence = f"{subject} is saved. It takes effect as soon as the order's workflow answers again."
        return Feedback(sentence, "waiting")
    return Feedback(f"{subject} is being checked. The order's history will show the result.", "waiting")


def _done(order: Order, kind: DecisionKind) -> Feedback:
    """Say that the decision was accepted, and what comes next."""
    if kind == DecisionKind.APPROVE and order.is_partly_approved:
        given, needed = order.approvals_given, order.approvals_needed
        return Feedback(
            f"Your approval counts: {given} of {needed}. Someone else has to approve the order too.", "done"
        )
    return Feedback(APPROVED_FREE if order.is_free and kind == DecisionKind.APPROVE else DONE[kind], "done")


def judge_refund(refund: Refund) -> Feedback:
    """Return what is certain after somebody has asked for a refund."""
    if refund.status == Refund.Status.SUCCEEDED:
        return Feedback(f"{refund.amount_money} refunded.", "done")
    message = OutboxMessage.objects.filter(key=refund.key).first()
    if message is not None and message.status != OutboxMessage.Status.DELIVERED:
        sentence = describe_undelivered(f"The refund of {refund.amount_money}")
        return Feedback(f"{sentence} It takes effect as soon as Temporal can be reached.", "waiting")
    return Feedback(f"Refund of {refund.amount_money} requested. The payment gateway is asked next.", "done")
