"""Orders for which the policy asks for a number of approvals, by a rule that is made for them."""

from typing import Any

from django.contrib.auth.models import Group, User

from orders.models import ApprovalLimit, Order, PolicyRule
from orders.policy import changes
from tests.making import Colleague, build_order

ADMIN = Colleague("admin", pk=1)


def make_rule(name: str = "Every order", **facts: Any) -> PolicyRule:
    """Return a rule; with no conditions, it applies to every order."""
    if isinstance(facts.get("level"), str):
        facts["level"], _ = Group.objects.get_or_create(name=facts["level"])
    return changes.save_rule(PolicyRule(name=name, **facts), actor=ADMIN)


def change_rules(**facts: Any) -> None:
    """Change all rules that say something else."""
    for rule in PolicyRule.objects.exclude(**facts):
        for name, value in facts.items():
            setattr(rule, name, value)
        changes.save_rule(rule, actor=ADMIN)


def make_limit(of: User | Group, amount: int, currency: str = "EUR") -> ApprovalLimit:
    """Return a limit of an account or a group."""
    whose = {"account": of} if isinstance(of, User) else {"group": of}
    return changes.save_limit(ApprovalLimit(**whose, amount=amount, currency=currency), actor=ADMIN)


def ask_for(
    approvals_needed: int, *, level: str = "", status: str = "PENDING_MANUAL_APPROVAL", **changes: Any
) -> Order:
    """Return an order, by default one that waits, of which so many approvals are asked by a rule that stays."""
    facts: dict[str, Any] = {"approvals_needed": approvals_needed} | ({"level": level} if level else {})
    change_rules(is_enabled=False)
    make_rule(f"{approvals_needed} by {level or 'anyone'}, number {PolicyRule.objects.count() + 1}", **facts)
    order = build_order(status, **changes)
    change_rules(is_enabled=False)
    return order
