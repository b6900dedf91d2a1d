"""Writes decisions: each once, with its event, and later its outcome."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from orders import contracts
from orders.events import DECISION_KINDS, EventKind, Fact
from orders.lifecycle.history import Event, Writing, add_event, prepare_events, send_writings
from orders.models import Decision, Order
from orders.permissions import is_same_name
from orders.policy.approvals import find_counting
from orders.policy.verdict import read_kept
from orders.postgres.parts import Part, execute, insert
from orders.states import (
    WITHDRAWN,
    Channel,
    DecisionKind,
    Outcome,
    RefusalCode,
    Status,
    is_at_or_past,
)
from orders.texts import LONGEST_NAME, clean_id, clean_line, clean_text

ACCEPT: Final = """
UPDATE orders_decision
SET outcome = CASE WHEN decision_id = ANY(%s) THEN 'ACCEPTED' ELSE 'REPEATED' END, answered_at = statement_timestamp()
WHERE order_id = %s AND kind = 'approve' AND outcome = 'PENDING'
"""


@dataclass(frozen=True)
class Because:
    """Why an order is cancelled, where somebody chose from the shop's list, and what the customer is to be told."""

    code: str = ""
    words: str = ""
    customer_text: str = ""


NO_REASON: Final = Because()


def record_decision(order: Order, kind: DecisionKind, decision: contracts.Decision | None) -> str:
    """Record a decision that came through Temporal, unless it was made here and is recorded already.

    Returns the id that it has in the tables, empty when there is no decision.
    """
    if decision is None or not decision.decision_id:
        return ""
    claimed = clean_id(decision.decision_id)
    owner = Decision.objects.filter(decision_id=claimed).values_list("order_id", flat=True).first()
    if owner == order.pk:
        return claimed
    if kind == DecisionKind.APPROVE and is_bound_to_accounts(order):
        refuse_approval(order, decision, RefusalCode.POLICY)
        return ""
    decision_id = claimed if owner is None else _another_id(order, claimed)
    named = replace(decision, decision_id=decision_id, actor=decision.actor or contracts.UNNAMED_ACTOR)
    write_decision(order, kind, named, channel=Channel.TEMPORAL)
    return decision_id


def judge_approval(order: Order, decision: contracts.Decision) -> RefusalCode | None:
    """Return why a run's approval of a locked order does not count, or None when it does.

    A signal is a claim: a decision made here has its row, and any other came from outside. That one counts only
    where the settings say so, and never when it names the submitter, or when the policy asks for two approvals or for
    those of a group.
    """
    has_begun = is_at_or_past(Status(order.status), Status.CHARGING_PAYMENT)
    if has_begun or order.is_approved or counts_already(order, decision.decision_id):
        return None
    if is_same_name(decision.actor, order.submitted_by):
        return RefusalCode.OWN_ORDER
    if is_bound_to_accounts(order):
        return RefusalCode.POLICY
    return None if settings.ACCEPT_OUTSIDE_DECISIONS else RefusalCode.OUTSIDE


def is_bound_to_accounts(order: Order) -> bool:
    """Tell whether the policy asks for approvals of which it has to be known by whose account they are."""
    return order.approvals_needed > 1 or bool(read_kept(order.policy, order.approvals_needed).levels)


def write_decision(order: Order, kind: DecisionKind, decision: contracts.Decision, *, channel: Channel) -> None:
    """Write a decision on a locked order by whoever has no account here, once, as `prepare_decision` says."""
    if not Decision.objects.filter(order=order, decision_id=clean_id(decision.decision_id)).exists():
        send_writings([prepare_decision(order, kind, decision, channel=channel)])


def prepare_decision(
    order: Order,
    kind: DecisionKind,
    decision: contracts.Decision,
    *,
    channel: Channel,
    account_id: int | None = None,
    terminal_user: str = "",
    is_own_order: bool = False,
    because: Because = NO_REASON,
    parts: Sequence[Part] = (),
) -> Writing:
    """Return what writes a new decision on a locked order: its row, its event, and who decided what and when.

    `account_id` is None for who has no account; `terminal_user` is whose shell it was, for a decision at the terminal;
    `is_own_order` marks the approval by whoever submitted the order; `parts` go along with it. Where two approvals are
    needed, the row is written at once, to be counted with the others.

    An approval that is not enough counts, and leaves the order undecided. A cancellation stays the order's decision,
    even where an approval from before it is learned later. So does what somebody decided here, even where a claim from
    outside says the same.
    """
    actor, decision_id = clean_line(decision.actor, LONGEST_NAME), clean_id(decision.decision_id)
    reason = clean_text(decision.reason)
    written = Decision(
        decision_id=decision_id,
        order=order,
        kind=kind,
        actor=actor,
        actor_account_id=account_id,
        is_own_order=is_own_order,
        channel=channel,
        terminal_user=terminal_user,
        reason_code=because.code,
        reason_words=because.words,
        reason=reason,
        customer_text=because.customer_text,
    )
    before = [insert(written)]
    facts: dict[str, Fact] = {"decision_id": decision_id, "channel": channel, "reason": reason}
    if is_own_order:
        facts["is_own_order"] = True
    if because.code:
        facts |= {"reason_code": because.code, "reason_words": because.words}
    if because.customer_text:
        facts["customer_text"] = because.customer_text
    if terminal_user:
        facts["terminal_user"] = terminal_user
    is_claim_of_the_known = channel == Channel.TEMPORAL and order.decision == kind and order.is_decided_here
    is_hidden = is_claim_of_the_known or (kind == DecisionKind.APPROVE and order.is_cancel_requested)
    shown: dict[str, object] = {
        "decision": kind,
        "decision_id": decision_id,
        "decision_channel": channel,
        "decision_reason_code": because.code,
        "decision_reason_words": because.words,
        "decided_by": actor,
        "decided_at": Now(),  # as the decision's own row
    }
    if kind == DecisionKind.APPROVE and not is_hidden:
        if order.approvals_needed > 1:
            execute(*before)
            before = []
        given = len(find_counting(order)) if order.approvals_needed > 1 else 1
        is_enough = given >= order.approvals_needed
        shown = (shown if is_enough else {}) | {"approvals_given": given}
        if order.approvals_needed > 1:
            facts |= {"approvals": given, "approvals_needed": order.approvals_needed}
    told = EventKind.WITHDRAWN if because.code == WITHDRAWN else DECISION_KINDS[kind]
    event = Event(told, f"decision:{decision_id}", facts, actor)
    return prepare_events(order, [event], changes={} if is_hidden else shown, parts=[*before, *parts])


def counts_already(order: Order, decision_id: str) -> bool:
    """Tell whether the tables have this approval: it was made here, or accepted before."""
    known = order.decisions.filter(decision_id=clean_id(decision_id), kind=DecisionKind.APPROVE)
    known = known.exclude(outcome=Outcome.REFUSED)
    return known.filter(~Q(channel=Channel.TEMPORAL) | Q(outcome=Outcome.ACCEPTED)).exists()


def refuse_approval(order: Order, decision: contracts.Decision, code: RefusalCode) -> None:
    """Record once an approval through Temporal that does not count; nothing else changes."""
    decision_id, actor = own_decision_id(order, decision.decision_id), clean_line(decision.actor, LONGEST_NAME)
    reason = clean_text(decision.reason)
    Decision.objects.bulk_create(
        [
            Decision(
                decision_id=decision_id,
                order=order,
                kind=DecisionKind.APPROVE,
                actor=actor,
                channel=Channel.TEMPORAL,
                reason=reason,
                is_own_order=code == RefusalCode.OWN_ORDER,
                outcome=Outcome.REFUSED,
                answered_at=Now(),
            )
        ],
        ignore_conflicts=True,
    )
    facts = {"decision_id": decision_id, "channel": Channel.TEMPORAL, "code": code, "reason": reason}
    add_event(order, EventKind.DECISION_REFUSED, facts, key=f"decision-refused:{decision_id}", actor=actor)


def own_decision_id(order: Order, claimed: str) -> str:
    """Return the id under which a decision through Temporal is recorded for a locked order.

    It is the one that the signal claims, unless that is another order's; then always the same other one.
    """
    claimed = clean_id(claimed)
    if not Decision.objects.filter(decision_id=claimed).exclude(order=order).exists():
        return claimed
    return _another_id(order, claimed)


def _another_id(order: Order, claimed: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{order.order_id}/{claimed}"))


def answer_decisions(order: Order, kind: DecisionKind, *, accepted_id: str = "") -> None:
    """Write the outcome of the decisions on a locked order that the workflow has not answered yet.

    Call it when the order reaches a point that no decision can change: `kind` is what this way follows. The
    decision `accepted_id` led there, others that wanted the same are repetitions, and all others came too late.
    """
    for decision in order.decisions.filter(outcome=Outcome.PENDING):
        if decision.decision_id == accepted_id:
            decision.outcome = Outcome.ACCEPTED
        elif decision.kind == kind and accepted_id:
            decision.outcome = Outcome.REPEATED
        else:
            decision.outcome = Outcome.TOO_LATE
            add_event(
                order,
                EventKind.DECISION_TOO_LATE,
                {"decision_id": decision.decision_id, "decision": decision.kind, "decided_by": decision.actor},
                key=f"too-late:{decision.decision_id}",
            )
        decision.answered_at = Now()
        decision.save(update_fields=["outcome", "answered_at"])


def accept_approval(order: Order, accepted_id: str) -> Part:
    """Return what writes that the charge follows the approval `accepted_id`.

    Where none is named or it is a claim, it follows the row's, and where two are needed, all that count. A
    cancellation is still to be answered.
    """
    if not accepted_id or (order.is_approved and order.is_decided_here):
        accepted_id = order.decision_id
    accepted = [accepted_id]
    if order.approvals_needed > 1:
        accepted = [each.decision_id for each in find_counting(order)]
    return Part(ACCEPT, (accepted, order.pk))
