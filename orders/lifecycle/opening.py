"""Opens a validated order for decisions: with what the policy asks for, kept with the order from then on."""

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from django.contrib.auth.models import User
from django.db.models.functions import Now

from orders import contracts
from orders.events import EventKind, Fact
from orders.lifecycle.decisions import write_decision
from orders.lifecycle.history import add_event
from orders.lifecycle.statuses import advance
from orders.models import Decision, Order
from orders.policy.approvals import choose_counting, find_counting
from orders.policy.approvers import Approver
from orders.policy.verdict import Verdict
from orders.states import Channel, DecisionKind, Outcome, RefusalCode, Status, is_at_or_past

UNDECIDED = {
    "decision": "",
    "decision_id": "",
    "decision_channel": "",
    "decision_reason_code": "",
    "decision_reason_words": "",
    "decided_by": "",
    "decided_at": None,
}


def open_for_decisions(order: Order, verdict: Verdict, deadline: datetime) -> None:
    """Move a locked order through VALIDATED to PENDING_MANUAL_APPROVAL, or leave it where it is further on.

    An approval from before counts on towards what the policy asks for, unless it cannot; the order is then undecided
    again. Where the policy asks for no approval, it approves the order itself.
    """
    if is_at_or_past(Status(order.status), Status.PENDING_MANUAL_APPROVAL):
        return
    facts: dict[str, Fact] = {"deadline": deadline.isoformat()}
    changes: dict[str, object] = {"approval_deadline": deadline}
    if verdict.rules:
        # Moves of their own: PostgreSQL takes what the policy asks for from an order that is validated already.
        advance(order, Status.VALIDATED)
        order.approvals_needed = verdict.approvals_needed
        changes |= {"approvals_needed": verdict.approvals_needed, "policy": verdict.to_json()}
        facts |= {
            "approvals_needed": verdict.approvals_needed,
            "rule": next(rule.name for rule in verdict.rules if rule.decides),
        }
        if order.is_approved and (verdict.approvals_needed > 1 or verdict.levels):
            changes |= _count_early_approvals(order, verdict)
    advance(order, Status.PENDING_MANUAL_APPROVAL, facts, changes=changes, through=Status.VALIDATED)
    if verdict.approvals_needed == 0 and not order.decision:
        approval = contracts.Decision(str(uuid5(NAMESPACE_URL, f"{order.order_id}/policy")), contracts.POLICY_ACTOR)
        write_decision(order, DecisionKind.APPROVE, approval, channel=Channel.POLICY)


def _count_early_approvals(order: Order, verdict: Verdict) -> dict[str, object]:
    """Refuse the approvals from before that cannot count, and return what changes in the row, if anything."""
    early = find_counting(order)
    people = User.objects.in_bulk([each.actor_account_id for each in early if each.actor_account_id is not None])
    fit = [each for each in early if _has_levels(people.get(each.actor_account_id or 0), each, verdict)]
    counting = choose_counting(order, fit)
    for each in order.decisions.filter(kind=DecisionKind.APPROVE, outcome=Outcome.PENDING):
        if each not in counting:
            _refuse(order, each)
    if len(counting) >= verdict.approvals_needed:
        return {}
    return UNDECIDED | {"approvals_given": len(counting)}


def _has_levels(person: User | None, decision: Decision, verdict: Verdict) -> bool:
    if not verdict.levels or decision.channel == Channel.TERMINAL:
        return True
    return person is not None and all(Approver(person).has_level(level.id) for level in verdict.levels)


def _refuse(order: Order, decision: Decision) -> None:
    decision.outcome, decision.answered_at = Outcome.REFUSED, Now()
    decision.save(update_fields=["outcome", "answered_at"])
    facts = {"decision_id": decision.decision_id, "channel": decision.channel, "code": RefusalCode.POLICY}
    add_event(
        order,
        EventKind.DECISION_REFUSED,
        facts | {"reason": decision.reason},
        key=f"decision-refused:{decision.decision_id}",
        actor=decision.actor,
    )
