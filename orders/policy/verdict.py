"""What the policy says about an order: how many have to approve it, who, until when, and by which rules.

All enabled rules are looked at. Of those that apply, the ones with the lowest precedence number decide. Where several
share that number, the strictest of them counts for each: the most approvals, every level that is named, the nearest
deadline. The other rules that apply change nothing and are shown with the order as well. With no rule that applies,
one approval is needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from orders.models import Order, OrderLine, PolicyRule
from orders.policy.conditions import Subject, applies, keep_conditions

APPROVALS_WITHOUT_RULES: Final = 1


@dataclass(frozen=True)
class AppliedRule:
    """A rule that applied to an order, as it was then. `conditions` are codes with data."""

    id: int
    name: str
    approvals_needed: int
    explanation: str
    conditions: tuple[Mapping[str, Any], ...]
    level: str = ""
    decides: bool = False


@dataclass(frozen=True)
class Level:
    """A group whose members alone may approve an order, or to which it is escalated, with the name that it had then."""

    id: int
    name: str


@dataclass(frozen=True)
class Verdict:
    """What the policy asks for an order, and why; without rules that apply, `rules` is empty."""

    approvals_needed: int = APPROVALS_WITHOUT_RULES
    rules: tuple[AppliedRule, ...] = ()
    levels: tuple[Level, ...] = ()
    deadline_seconds: int | None = None
    escalate_to: Level | None = None

    def to_json(self) -> dict[str, Any] | None:
        """Return what is kept with the order, None where no rule applied."""
        if not self.rules:
            return None
        return {
            "rules": [asdict(rule) for rule in self.rules],
            "levels": [asdict(level) for level in self.levels],
            **({"escalate_to": asdict(self.escalate_to)} if self.escalate_to is not None else {}),
        }


def read_rules() -> list[PolicyRule]:
    """Return the rules that are in force, in their order; one statement."""
    return list(PolicyRule.objects.filter(is_enabled=True).select_related("level", "escalate_to"))


def judge(order: Order, lines: Sequence[OrderLine], rules: Iterable[PolicyRule]) -> Verdict:
    """Return what the rules, in their order, say about the order; at most one statement."""
    return judge_subject(Subject(order, lines), rules)


def judge_subject(subject: Subject, rules: Iterable[PolicyRule]) -> Verdict:
    """Return what the rules, in their order, say about an order that others may look at too."""
    applied = [rule for rule in rules if applies(rule, subject)]
    if not applied:
        return Verdict()
    deciding = [rule for rule in applied if rule.precedence == applied[0].precedence]
    needed = max(rule.approvals_needed for rule in deciding)
    deadlines = [rule.deadline_seconds for rule in deciding if rule.deadline_seconds is not None]
    groups = {rule.level.pk: rule.level.name for rule in deciding if rule.level is not None}
    escalations = [rule.escalate_to for rule in deciding if rule.escalate_to is not None]
    return Verdict(
        approvals_needed=needed,
        rules=tuple(_keep(rule, decides=rule in deciding) for rule in applied),
        levels=tuple(Level(pk, name) for pk, name in groups.items()),
        deadline_seconds=min(deadlines, default=None),
        escalate_to=Level(escalations[0].pk, escalations[0].name) if escalations else None,
    )


def read_kept(kept: Mapping[str, Any] | None, approvals_needed: int) -> Verdict:
    """Return what an order was asked for when it was validated; what another release kept beside it is passed over."""
    if not kept:
        return Verdict(approvals_needed)
    known = AppliedRule.__dataclass_fields__
    rules = ({name: value for name, value in rule.items() if name in known} for rule in kept.get("rules", ()))
    return Verdict(
        approvals_needed,
        rules=tuple(AppliedRule(**rule | {"conditions": tuple(rule["conditions"])}) for rule in rules),
        levels=tuple(Level(level["id"], level["name"]) for level in kept.get("levels", ())),
        escalate_to=Level(group["id"], group["name"]) if (group := kept.get("escalate_to")) else None,
    )


def _keep(rule: PolicyRule, *, decides: bool) -> AppliedRule:
    return AppliedRule(
        id=rule.pk,
        name=rule.name,
        approvals_needed=rule.approvals_needed,
        explanation=rule.explanation,
        conditions=tuple(keep_conditions(rule)),
        level=rule.level.name if rule.level is not None else "",
        decides=decides,
    )
