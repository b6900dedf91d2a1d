"""Who may approve how much: the levels that somebody has, their limits, and who may still approve an order.

A limit of an account goes before those of its groups; of several groups, the highest counts. Somebody with a limit in
any currency may approve orders in the currencies for which they have one. Without a limit, every total may be approved.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.contrib.auth.models import Group, User
from django.db.models import Exists, Q

from orders.models import ApprovalLimit, Order
from orders.money import Money
from orders.permissions import APPROVE, Actor, is_own_order

# So many are looked at when it is said who may still approve.
MOST_CANDIDATES: Final = 100
# The same question as `has_limits`, in SQL.
ARE_LIMITS_SET: Final = "EXISTS (SELECT FROM orders_approvallimit)"
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Limit:
    """A person's limit for one order: None where they have limits for other currencies alone."""

    money: Money | None
    is_exceeded: bool


class Approver:
    """Somebody who approves orders, with what the policy says of them; read once, and only when it matters."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    @cached_property
    def group_ids(self) -> frozenset[int]:
        """The groups that the account is in."""
        return frozenset(Group.objects.filter(user=self.actor.pk).values_list("pk", flat=True))

    @cached_property
    def limits(self) -> dict[str, int]:
        """The highest total that the account may approve, by currency; empty for who has no limit."""
        rows = ApprovalLimit.objects.filter(Q(account=self.actor.pk) | Q(group__user=self.actor.pk))
        return choose_limits(list(rows))

    def has_level(self, group_id: int) -> bool:
        """Tell whether the approver is a member of the group; superusers stand in for every level."""
        return self.actor.is_superuser or group_id in self.group_ids

    def find_limit(self, order: Order) -> Limit | None:
        """Return the approver's limit for the order, or None for who has none."""
        if self.actor.pk is None or not self.limits:
            return None
        return find_limit(self.limits, order)


def choose_limits(rows: Collection[ApprovalLimit]) -> dict[str, int]:
    """Return the limits that count of those of an account and of its groups, by currency."""
    own = {row.currency: row.amount for row in rows if row.account_id is not None}
    if own:
        return own
    highest: dict[str, int] = {}
    for row in rows:
        highest[row.currency] = max(row.amount, highest.get(row.currency, 0))
    return highest


def find_limit(limits: dict[str, int], order: Order) -> Limit:
    """Return which of somebody's limits counts for the order, and whether its total is above it."""
    amount = limits.get(order.currency)
    if amount is None:
        return Limit(None, is_exceeded=True)
    return Limit(Money(amount, order.currency), is_exceeded=order.total > amount)


def list_candidates(order: Order, *, level_ids: Collection[int], approved_by: Collection[int | None]) -> list[str]:
    """Return the names of those whose approval would count next, by what the policy and their rights say."""
    people = User.objects.with_perm(APPROVE, backend=BACKEND).exclude(pk__in=[pk for pk in approved_by if pk])
    by_account: dict[int | None, list[ApprovalLimit]] = {}
    by_group: dict[int | None, list[ApprovalLimit]] = {}
    for row in ApprovalLimit.objects.all():
        of_whom, pk = (by_account, row.account_id) if row.account_id else (by_group, row.group_id)
        of_whom.setdefault(pk, []).append(row)
    names = []
    for person in people.order_by("username").prefetch_related("groups")[:MOST_CANDIDATES]:
        group_ids = {group.pk for group in person.groups.all()}
        rows = [*by_account.get(person.pk, []), *(row for pk in group_ids for row in by_group.get(pk, []))]
        limits = choose_limits(rows)
        is_in_levels = person.is_superuser or group_ids.issuperset(level_ids)
        is_within = not limits or not find_limit(limits, order).is_exceeded
        if is_in_levels and is_within and not is_own_order(person, order):
            names.append(person.get_username())
    return names


def has_limits() -> Exists:
    """Return the question whether there are approval limits at all, for an order that is read to be decided."""
    return Exists(ApprovalLimit.objects.all())
