"""Which approvals of an order count, and whether one more by somebody would."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from orders.models import Decision, Order
from orders.money import Money
from orders.permissions import Actor, is_own_order
from orders.policy.approvers import Approver
from orders.policy.verdict import read_kept
from orders.states import Channel, DecisionKind, Outcome
from orders.texts import fold_name

# An approval that was refused or came too late never counts.
COUNTING: Final = (Outcome.PENDING, Outcome.ACCEPTED, Outcome.REPEATED)
# Where two people have to approve, each is known by an account.
BY_ACCOUNT: Final = (Channel.CONSOLE, Channel.API)


@dataclass(frozen=True)
class Standing:
    """What keeps somebody from approving one order, beside what its status says; nothing, unless it is said here.

    `missing_levels` are the names of groups. `limit` is the person's own where the total is above it, in the order's
    currency, and None where they have limits for other currencies alone.
    """

    has_approved: bool = False
    is_own_of_two: bool = False
    has_no_account: bool = False
    missing_levels: tuple[str, ...] = ()
    is_above_limit: bool = False
    limit: Money | None = None


def find_counting(order: Order) -> tuple[Decision, ...]:
    """Return the approvals of an order that count towards what it needs, the first of each person; one statement.

    Where two are needed, that is one for each account, and never the submitter's or one without an account: names at
    the terminal and in signals are claims.
    """
    approvals = order.decisions.filter(kind=DecisionKind.APPROVE, outcome__in=COUNTING).order_by("id")
    return choose_counting(order, approvals)


def choose_counting(order: Order, approvals: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return which of an order's approvals, none of them refused or too late, count towards what it needs."""
    if order.approvals_needed < 2:
        return tuple(approvals)
    counting: list[Decision] = []
    known = {fold_name(order.submitted_by)}
    accounts = {None, order.submitter_account_id}
    for each in approvals:
        name = fold_name(each.actor)
        is_known = name in known or each.actor_account_id in accounts
        if is_known or each.is_own_order or each.channel not in BY_ACCOUNT:
            continue
        counting.append(each)
        known.add(name)
        accounts.add(each.actor_account_id)
    return tuple(counting)


def find_standing(order: Order, approver: Approver, *, has_limits: bool) -> Standing:
    """Return what keeps the approver from approving the order, beside its status; no statement for an ordinary order.

    `has_limits` tells whether there are approval limits at all.
    """
    actor = approver.actor
    levels = read_kept(order.policy, order.approvals_needed).levels
    is_of_two = order.approvals_needed > 1
    limit = approver.find_limit(order) if has_limits else None
    return Standing(
        has_approved=is_of_two and any(_is_by(each, actor) for each in find_counting(order)),
        is_own_of_two=is_of_two and is_own_order(actor, order),
        has_no_account=is_of_two and actor.pk is None,
        missing_levels=tuple(level.name for level in levels if not approver.has_level(level.id)),
        is_above_limit=limit is not None and limit.is_exceeded,
        limit=limit.money if limit is not None else None,
    )


def _is_by(decision: Decision, actor: Actor) -> bool:
    return decision.actor_account_id == actor.pk or fold_name(decision.actor) == fold_name(actor.get_username())
