"""Decisions on orders: approve and cancel. Each checks, writes and sends; `batches` takes one on many orders.

The decision counts from the moment its row is written; its signal follows through the outbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from orders import contracts, permissions
from orders.decisions.reasons import find_reason
from orders.decisions.rules import check_may_be_decided
from orders.engine import outbox
from orders.errors import OrderError
from orders.labels import DECISION_LABELS, describe_too_late, describe_undelivered
from orders.lifecycle.decisions import Because, prepare_decision
from orders.lifecycle.history import Writing, send_writings
from orders.lifecycle.lookup import Question, lock_free_orders_and_ask, lock_order_and_ask
from orders.lifecycle.troubles import ask_trouble, clear_troubles
from orders.models import Decision, Order, OutboxMessage
from orders.permissions import Actor, TerminalOperator
from orders.policy.approvals import find_standing
from orders.policy.approvers import ARE_LIMITS_SET, Approver
from orders.postgres.clock import NOW
from orders.states import DecisionKind, Outcome, ReasonKind, TroubleCode
from orders.texts import clean_text

# What has to be known of an order beside its row, once it is locked.
QUESTIONS: Final = (
    *map(Question, (ARE_LIMITS_SET, NOW, outbox.HAS_MESSAGES)),
    ask_trouble(TroubleCode.MONEY_TAKEN),
)


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to decide, on one order or on many, for the same reason."""

    kind: DecisionKind
    approver: Approver
    reason: str
    reason_code: str = ""
    reason_words: str = ""
    customer_text: str = ""
    sends_now: bool = False


@dataclass(frozen=True)
class _Taken:
    """A decision that may be taken, and what writes it; `is_told_of` says that a trouble of the order ends with it."""

    order: Order
    message: OutboxMessage
    writing: Writing
    is_told_of: bool


def approve_order(order: Order, *, actor: Actor, reason: str = "") -> OutboxMessage:
    """Approve the order, so that its payment is charged and it is shipped.

    Where the policy asks for two approvals, the first leaves the order waiting. Raises NotAllowed, OwnOrder,
    AlreadyDecided, TooLate, ApprovalRefused by the policy, ReasonMissing for an own order.
    """
    return take_decision(order, DecisionKind.APPROVE, actor=actor, reason=reason)


def cancel_order(
    order: Order, *, actor: Actor, reason: str = "", reason_code: str = "", customer_text: str = ""
) -> OutboxMessage:
    """Have the order cancelled, and its money returned if any was taken.

    `reason_code` is one of the shop's list, or empty, and `customer_text` what the customer is to be told. Raises
    NotAllowed, OrderInvalid for a reason that may not be chosen, AlreadyDecided, TooLate.
    """
    kind = DecisionKind.CANCEL
    return take_decision(order, kind, actor=actor, reason=reason, reason_code=reason_code, customer_text=customer_text)


def check_order(order: Order, kind: DecisionKind, *, now: datetime, approver: Approver, has_limits: bool) -> None:
    """Raise what taking the decision would, as the order was read, but for a missing reason.

    `has_limits` tells whether there are approval limits at all.
    """
    permissions.check_may_decide(approver.actor, kind, order)
    # The policy has nothing against cancellations.
    standing = find_standing(order, approver, has_limits=has_limits) if kind == DecisionKind.APPROVE else None
    check_may_be_decided(order, kind, now=now, standing=standing)


def take_decision(
    order: Order,
    kind: DecisionKind,
    *,
    actor: Actor,
    reason: str,
    reason_code: str = "",
    reason_words: str | None = None,
    customer_text: str = "",
    decision_id: str = "",
    sends_now: bool = True,
) -> OutboxMessage:
    """Take a decision under the order's lock. Raises what `approve_order` and `cancel_order` do.

    Without `sends_now` the relay sends it, so that nobody waits for Temporal. `decision_id` is a new one when empty.
    `reason_words` are those of a reason that was chosen before; without them it has to be on the list now.
    """
    permissions.check_may_decide(actor, kind, order)
    words = reason_words or ""
    if reason_code and reason_words is None:
        words = find_reason(ReasonKind.CANCEL, reason_code).words
    told = clean_text(customer_text)
    wanted = Wanted(kind, Approver(actor), clean_text(reason), reason_code, words, told, sends_now=sends_now)
    with transaction.atomic():
        taken = _prepare(wanted, decision_id or str(uuid4()), *lock_order_and_ask(order.order_id, *QUESTIONS))
        _write([taken])
    return taken.message


def take_decisions(wanted: Wanted, decision_ids: Mapping[int, str]) -> dict[int, OrderError | None]:
    """Take a decision on many orders in the transaction that is under way, each as `take_decision` would.

    `decision_ids` are those of the decisions, by the order's primary key. Returns what was refused, and None for each
    order that is decided. An order that somebody else holds is not among them, and left as it is.
    """
    taken: list[_Taken] = []
    refused: dict[int, OrderError | None] = {}
    for order, answers in lock_free_orders_and_ask(list(decision_ids), *QUESTIONS):
        try:
            taken.append(_prepare(wanted, decision_ids[order.pk], order, answers))
        except OrderError as error:
            refused[order.pk] = error
    _write(taken)
    return refused | {each.order.pk: None for each in taken}


def _prepare(wanted: Wanted, decision_id: str, order: Order, answers: Sequence[Any]) -> _Taken:
    """Judge a decision on a locked order by all rules, and return what writes it."""
    are_limits_set, now, has_messages, is_told_of = answers
    kind, approver = wanted.kind, wanted.approver
    check_order(order, kind, now=now, approver=approver, has_limits=are_limits_set)
    permissions.check_has_reason(approver.actor, kind, order, wanted.reason)
    return _write_out(wanted, decision_id, order, has_messages=has_messages, is_told_of=is_told_of)


def write_judged(wanted: Wanted, order: Order, answers: Sequence[Any]) -> OutboxMessage:
    """Write a decision on a locked order that other rules than those here have judged, after QUESTIONS."""
    _limits, _now, has_messages, is_told_of = answers
    taken = _write_out(wanted, str(uuid4()), order, has_messages=has_messages, is_told_of=is_told_of)
    _write([taken])
    return taken.message


def _write_out(wanted: Wanted, decision_id: str, order: Order, *, has_messages: bool, is_told_of: bool) -> _Taken:
    """Return what writes a decision that may be taken, and the message that brings it to the workflow."""
    kind, actor = wanted.kind, wanted.approver.actor
    decision = contracts.Decision(decision_id, actor.get_username(), wanted.reason)
    message, written = outbox.prepare(
        order,
        key=outbox.decision_key(decision_id),
        name=contracts.SIGNALS[kind],
        payload=asdict(decision),
        sends_now=wanted.sends_now,
        is_alone=not has_messages,
    )
    writing = prepare_decision(
        order,
        kind,
        decision,
        channel=permissions.find_channel(actor),
        account_id=actor.pk,
        terminal_user=actor.shell_user if isinstance(actor, TerminalOperator) else "",
        is_own_order=permissions.needs_reason(actor, kind, order),
        because=Because(wanted.reason_code, wanted.reason_words, wanted.customer_text),
        parts=[written],
    )
    return _Taken(order, message, writing, is_told_of=is_told_of)


def _write(taken: Sequence[_Taken]) -> None:
    send_writings([each.writing for each in taken])
    for each in taken:
        if each.is_told_of:
            clear_troubles(each.order, [TroubleCode.MONEY_TAKEN])  # a person knows now, and has decided


def find_decision(message: OutboxMessage) -> Decision:
    """Return the decision that a message carries, with its current outcome and delivery."""
    message.refresh_from_db(fields=["status", "last_error"])
    decision: Decision = Decision.objects.get(decision_id=message.payload["decision_id"])
    return decision


def describe_delivery(message: OutboxMessage) -> str:
    """Return a sentence on how far a decision has got: received, on its way, or too late."""
    decision = find_decision(message)
    if decision.outcome == Outcome.TOO_LATE:
        return describe_too_late(_("The decision"))
    done = str(DECISION_LABELS[DecisionKind(decision.kind)])
    if decision.kind == DecisionKind.APPROVE and message.order.is_partly_approved:
        facts = {"approvals": message.order.approvals_given, "approvals_needed": message.order.approvals_needed}
        done = _("Approved, %(approvals)s of %(approvals_needed)s") % facts
    more = ""
    if message.status == OutboxMessage.Status.PENDING:
        more = describe_undelivered(_("The decision"))
    elif message.status == OutboxMessage.Status.REFUSED:
        more = describe_undelivered(_("The decision"), refusal=message.last_error)
    elif decision.outcome == Outcome.PENDING:
        more = _("The workflow has received it.")
    return f"{done}. {more}".rstrip()
