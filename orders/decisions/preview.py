"""What a decision on many orders would come to: how many it decides, their sums, and what it leaves out and why.

It asks the rules that the decision itself asks. Nothing is written, and until the decision things may change.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from orders.decisions.chunks import find_result
from orders.decisions.decide import check_order
from orders.errors import OrderError, ReasonMissing
from orders.models import Order
from orders.money import Money
from orders.permissions import Actor, check_has_reason
from orders.policy.approvers import Approver, has_limits
from orders.postgres.clock import database_now
from orders.states import BatchResult, DecisionKind

# So many orders are named for each reason why some cannot be decided.
MOST_NAMED: Final = 5
COLUMNS: Final = (
    *("order_id", "status", "currency", "total", "submitted_by", "submitter_account_id", "approval_deadline"),
    *("decision", "decision_id", "decision_channel", "decided_by", "decided_at"),
    *("approvals_needed", "approvals_given", "policy"),
)


@dataclass
class LeftOut:
    """Orders that would not be decided for one reason: how many, and the first of them, each with a sentence."""

    result: BatchResult
    count: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """What a decision on many orders would come to."""

    total: int
    order_ids: tuple[str, ...]
    sums: tuple[Money, ...]
    left_out: tuple[LeftOut, ...]
    needs_reason: bool

    @property
    def count(self) -> int:
        """How many orders would be decided."""
        return len(self.order_ids)

    @property
    def left_out_count(self) -> int:
        """How many would not."""
        return self.total - self.count


def preview_decision(pks: Collection[int], kind: DecisionKind, *, actor: Actor) -> Preview:
    """Look at the orders, in a few statements for however many there are."""
    found = Order.objects.annotate(has_limits=has_limits()).only(*COLUMNS).filter(pk__in=pks)
    return _judge(found.order_by("pk"), kind, actor)


def _judge(orders: Iterable[Order], kind: DecisionKind, actor: Actor) -> Preview:
    now, approver = database_now(), Approver(actor)
    sums: Counter[str] = Counter()
    left_out: dict[BatchResult, LeftOut] = {}
    order_ids, total, needs_reason = [], 0, False
    for order in orders:
        total += 1
        try:
            check_order(order, kind, now=now, approver=approver, has_limits=vars(order)["has_limits"])
        except OrderError as error:
            result = find_result(error)
            group = left_out.setdefault(result, LeftOut(result))
            group.count += 1
            if len(group.named) < MOST_NAMED:
                group.named.append((order.order_id, str(error)))
        else:
            order_ids.append(order.order_id)
            sums[order.currency] += order.total
            needs_reason = needs_reason or _needs_reason(order, kind, actor)
    return Preview(
        total=total,
        order_ids=tuple(order_ids),
        sums=tuple(Money(amount, currency) for currency, amount in sorted(sums.items())),
        left_out=tuple(left_out.values()),
        needs_reason=needs_reason,
    )


def _needs_reason(order: Order, kind: DecisionKind, actor: Actor) -> bool:
    try:
        check_has_reason(actor, kind, order, "")
    except ReasonMissing:
        return True
    return False
