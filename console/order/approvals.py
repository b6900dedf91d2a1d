"""Why people are asked about an order: the rules that applied, who has approved it, and who still may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User

from orders import labels, permissions, states
from orders.models import Decision, Order
from orders.policy.approvals import Standing, find_counting, find_standing
from orders.policy.approvers import Approver, list_candidates
from orders.policy.labels import describe_rule
from orders.policy.verdict import Verdict, read_kept
from orders.states import DecisionKind

# More names than these are only counted.
MOST_NAMES: Final = 8


@dataclass(frozen=True)
class ApprovalFacts:
    """What the policy asked for the order, the approvals that count, and what it has against one by the user.

    `standing` is None for who may not approve anyway. `candidates` are those whose approval would count next.
    """

    verdict: Verdict
    given: tuple[Decision, ...] = ()
    candidates: tuple[str, ...] = ()
    standing: Standing | None = None


@dataclass(frozen=True)
class Reason:
    """A rule that applied, in words; `note` is what the shop wants people to know."""

    name: str
    sentence: str
    note: str
    decides: bool


@dataclass(frozen=True)
class GivenApproval:
    """An approval that counts: by whom and when."""

    who: str
    taken_at: datetime


@dataclass(frozen=True)
class ApprovalPanel:
    """Why people are asked, who has approved, and who still may."""

    reasons: tuple[Reason, ...]
    needed: int
    given: tuple[GivenApproval, ...]
    candidates: tuple[str, ...]
    more: int
    is_waiting: bool

    @property
    def is_of_several(self) -> bool:
        """Tell whether one approval is not enough."""
        return self.needed > 1


def read_approval_facts(order: Order, user: User) -> ApprovalFacts:
    """Read what the policy says about the order, and to the user; no statement for an order without a policy."""
    verdict = read_kept(order.policy, order.approvals_needed)
    has_limits = vars(order)["has_limits"]
    if not verdict.rules and not has_limits:
        return ApprovalFacts(verdict)
    is_waiting = order.status in states.APPROVABLE and not order.decision
    given = find_counting(order) if order.approvals_needed > 1 else ()
    standing: Standing | None = None
    candidates: list[str] = []
    if is_waiting and permissions.may_decide(user, DecisionKind.APPROVE):
        standing = find_standing(order, Approver(user), has_limits=has_limits)
    if is_waiting and (verdict.rules or (standing is not None and standing.is_above_limit)):
        level_ids = [level.id for level in verdict.levels]
        accounts = [each.actor_account_id for each in given]
        candidates = list_candidates(order, level_ids=level_ids, approved_by=accounts)
    return ApprovalFacts(verdict, given, tuple(candidates), standing)


def build_approval_panel(order: Order, facts: ApprovalFacts) -> ApprovalPanel:
    """Return the panel, in words."""
    return ApprovalPanel(
        reasons=tuple(
            Reason(rule.name, describe_rule(rule), rule.explanation, rule.decides) for rule in facts.verdict.rules
        ),
        needed=order.approvals_needed,
        given=tuple(
            GivenApproval(labels.describe_actor(each.actor, each.channel, each.terminal_user), each.taken_at)
            for each in facts.given
        ),
        candidates=facts.candidates[:MOST_NAMES],
        more=max(0, len(facts.candidates) - MOST_NAMES),
        is_waiting=order.status in states.APPROVABLE and not order.decision,
    )
