"""Decisions on orders: approve and cancel. Each checks, writes and sends; `batches` takes one on many orders.

The decision counts from the moment its row is written; its signal follows through the outbox.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from orders import contracts, permissions
from orders.decisions.rules import check_may_be_decided
from orders.engine import outbox
from orders.labels import DECISION_LABELS, describe_too_late, describe_undelivered
from orders.lifecycle.decisions import write_decision
from orders.lifecycle.lookup import Question, lock_order_and_ask
from orders.lifecycle.troubles import ask_trouble, clear_troubles
from orders.models import Decision, Order, OutboxMessage
from orders.permissions import Actor, TerminalOperator
from orders.policy.approvals import Standing, find_standing
from orders.policy.approvers import ARE_LIMITS_SET, Approver
from orders.postgres.clock import NOW
from orders.states import DecisionKind, Outcome, TroubleCode
from orders.texts import clean_text


def approve_order(order: Order, *, actor: Actor, reason: str = "") -> OutboxMessage:
    """Approve the order, so that its payment is charged and it is shipped.

    Where the policy asks for two approvals, the first leaves the order waiting. Raises NotAllowed, OwnOrder,
    AlreadyDecided, TooLate, ApprovalRefused by the policy, ReasonMissing for an own order.
    """
    return take_decision(order, DecisionKind.APPROVE, actor=actor, reason=reason)


def cancel_order(order: Order, *, actor: Actor, reason: str = "", reason_code: str = "") -> OutboxMessage:
    """Have the order cancelled, and its money returned if any was taken. `reason_code` is a DecisionReason, or empty.

    Raises NotAllowed, AlreadyDecided, TooLate.
    """
    return take_decision(order, DecisionKind.CANCEL, actor=actor, reason=reason, reason_code=reason_code)


def check_order(order: Order, kind: DecisionKind, *, now: datetime, approver: Approver) -> None:
    """Raise what `take_decision` would, as the order was read, with `has_limits`; but for a missing reason."""
    permissions.check_may_decide(approver.actor, kind, order)
    check_may_be_decided(
        order, kind, now=now, standing=_find_standing(order, kind, approver, has_limits=vars(order)["has_limits"])
    )


def take_decision(
    order: Order,
    kind: DecisionKind,
    *,
    actor: Actor,
    reason: str,
    reason_code: str = "",
    decision_id: str = "",
    sends_now: bool = True,
) -> OutboxMessage:
    """Take a decision under the order's lock. Raises what `approve_order` and `cancel_order` do.

    Without `sends_now` the relay sends it, so that nobody waits for Temporal. `decision_id` is a new one when empty.
    """
    permissions.check_may_decide(actor, kind, order)
    with transaction.atomic():
        locked, (are_limits_set, now, is_told_of) = lock_order_and_ask(
            order.order_id, Question(ARE_LIMITS_SET), Question(NOW), ask_trouble(TroubleCode.MONEY_TAKEN)
        )
        standing = _find_standing(locked, kind, Approver(actor), has_limits=are_limits_set)
        check_may_be_decided(locked, kind, now=now, standing=standing)
        decision = contracts.Decision(
            decision_id=decision_id or str(uuid4()), actor=actor.get_username(), reason=clean_text(reason)
        )
        permissions.check_has_reason(actor, kind, locked, decision.reason)
        message, written = outbox.prepare(
            locked,
            key=outbox.decision_key(decision.decision_id),
            name=contracts.SIGNALS[kind],
            payload=asdict(decision),
            sends_now=sends_now,
        )
        write_decision(
            locked,
            kind,
            decision,
            channel=permissions.find_channel(actor),
            account_id=actor.pk,
            terminal_user=actor.shell_user if isinstance(actor, TerminalOperator) else "",
            is_own_order=permissions.needs_reason(actor, kind, locked),
            reason_code=reason_code,
            is_new=True,
            parts=[written],
        )
        if is_told_of:
            clear_troubles(locked, [TroubleCode.MONEY_TAKEN])  # a person knows now, and has decided
        return message


def find_decision(message: OutboxMessage) -> Decision:
    """Return the decision that a message carries, with its current outcome and delivery."""
    message.refresh_from_db(fields=["status", "last_error"])
    decision: Decision = Decision.objects.get(decision_id=message.payload["decision_id"])
    return decision


def describe_delivery(message: OutboxMessage) -> str:
    """Return a sentence on how far a decision has got: received, on its way, or too late."""
    decision = find_decision(message)
    if decision.outcome == Outcome.TOO_LATE:
        return describe_too_late("The decision")
    done = str(DECISION_LABELS[DecisionKind(decision.kind)])
    if decision.kind == DecisionKind.APPROVE and message.order.is_partly_approved:
        done += f", {message.order.approvals_given} of {message.order.approvals_needed}"
    if message.status == OutboxMessage.Status.PENDING:
        return f"{done}. {describe_undelivered('The decision')}"
    if message.status == OutboxMessage.Status.REFUSED:
        return f"{done}. {describe_undelivered('The decision', refusal=message.last_error)}"
    return f"{done}. The workflow has received it." if decision.outcome == Outcome.PENDING else f"{done}."


def _find_standing(order: Order, kind: DecisionKind, approver: Approver, *, has_limits: bool) -> Standing | None:
    """Return what the policy has against an approval; it has nothing against cancellations."""
    if kind == DecisionKind.CANCEL:
        return None
    return find_standing(order, approver, has_limits=has_limits)
