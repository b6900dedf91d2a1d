"""Orders for which the policy asks for a number of approvals, by a rule that is made for them."""

from typing import Any

from django.contrib.auth.models import Group

from orders.models import Order, PolicyRule
from tests.making import build_order


def make_rule(name: str = "Every order", **facts: Any) -> PolicyRule:
    """Return a rule; with no conditions, it applies to every order."""
    if isinstance(facts.get("level"), str):
        facts["level"], _ = Group.objects.get_or_create(name=facts["level"])
    return PolicyRule.objects.create(name=name, **facts)


def ask_for(
    approvals_needed: int, *, level: str = "", status: str = "PENDING_MANUAL_APPROVAL", **changes: Any
) -> Order:
    """Return an order, by default one that waits, of which so many approvals are asked by a rule that stays."""
    facts: dict[str, Any] = {"approvals_needed": approvals_needed} | ({"level": level} if level else {})
    PolicyRule.objects.update(is_enabled=False)
    make_rule(f"{approvals_needed} by {level or 'anyone'}, number {PolicyRule.objects.count() + 1}", **facts)
    order = build_order(status, **changes)
    PolicyRule.objects.update(is_enabled=False)
    return order
