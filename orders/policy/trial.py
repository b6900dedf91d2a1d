"""A dry run of the policy: how many of the last orders each rule would have caught. Nothing is written.

The orders are looked at as they were submitted, and what is known of their customers as it is today.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orders.models import Order, PolicyRule
from orders.policy.conditions import Subject, applies
from orders.policy.verdict import judge_subject

LAST_ORDERS: Final = 1000
MOST_ORDERS: Final = 10_000
_BATCH: Final = 500


@dataclass(frozen=True)
class TriedRule:
    """A rule, how many orders its conditions hold for, and for how many of them it would have decided.

    A rule that is switched off decides nothing, but it is said what it would have caught.
    """

    rule: PolicyRule
    caught: int
    decided: int


@dataclass(frozen=True)
class Trial:
    """What the rules say about the last orders; `approvals` are the numbers of orders by the approvals they need."""

    orders: int
    rules: tuple[TriedRule, ...]
    approvals: tuple[tuple[int, int], ...]


def try_rules(last: int = LAST_ORDERS, rules: Sequence[PolicyRule] | None = None) -> Trial:
    """Return what the rules, by default those of the policy, say about the `last` orders."""
    tried = list(PolicyRule.objects.select_related("level")) if rules is None else list(rules)
    in_force = [rule for rule in tried if rule.is_enabled]
    caught: Counter[int] = Counter()
    decided: Counter[int] = Counter()
    approvals: Counter[int] = Counter()
    newest = Order.objects.order_by("-created_at", "-id").prefetch_related("lines")[: min(last, MOST_ORDERS)]
    count = 0
    for order in newest.iterator(chunk_size=_BATCH):
        count += 1
        subject = Subject(order, list(order.lines.all()))
        caught.update(rule.pk for rule in tried if applies(rule, subject))
        verdict = judge_subject(subject, in_force)
        decided.update(rule.id for rule in verdict.rules if rule.decides)
        approvals[verdict.approvals_needed] += 1
    return Trial(
        orders=count,
        rules=tuple(TriedRule(rule, caught[rule.pk], decided[rule.pk]) for rule in tried),
        approvals=tuple((needed, approvals[needed]) for needed in (0, 1, 2)),
    )
