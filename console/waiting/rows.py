"""The rows of the desk: what each says of an order to whoever is to decide on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console import labels
from console.desk.row_html import put_words
from console.desk.rows import RowFacts
from orders.labels.customers import CUSTOMER_SHORT_LABELS
from orders.models import Order
from orders.money import Money
from orders.overview.customers import read_address
from orders.overview.waiting import MOST_EARLIER
from orders.policy.labels import describe_conditions
from orders.policy.verdict import read_kept
from orders.states import CustomerRemark, ReasonCode


class WaitingLook(NamedTuple):
    """All that a row shows but the words of its times; `warnings` are words, each shown with an icon."""

    order_id: str
    customer_name: str
    customer: str
    is_first_order: bool
    goods: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    approvals_given: int
    approvals_needed: int
    total: int
    currency: str
    created_at: datetime
    deadline: datetime | None
    is_soon: bool
    is_in_trouble: bool
    has_message_on_its_way: bool

    @property
    def total_money(self) -> Money:
        """The total."""
        return Money(self.total, self.currency)

    @property
    def is_of_several(self) -> bool:
        """Tell whether one approval is not enough."""
        return self.approvals_needed > 1


@dataclass(frozen=True)
class WaitingRow:
    """One order that waits for the person, of those of `read_waiting`."""

    order: Order
    facts: RowFacts

    @classmethod
    def of(cls, order: Order) -> "WaitingRow":
        """Return the row of an order."""
        return cls(order, RowFacts.of(order))

    def look(self) -> WaitingLook:
        """Return what the row shows, in words."""
        order, facts, known = self.order, self.facts, vars(self.order)
        earlier = known["earlier"]
        rules = read_kept(order.policy, order.approvals_needed).rules
        return WaitingLook(
            order_id=order.order_id,
            customer_name=order.customer_name,
            customer=_describe_customer(len(earlier)),
            is_first_order=not earlier,
            goods=_describe_goods(known["goods"], known["line_count"] or 0),
            reasons=tuple(describe_conditions(rule.conditions) for rule in rules if rule.decides),
            warnings=tuple(str(CUSTOMER_SHORT_LABELS[remark]) for remark in _find_remarks(order, earlier)),
            approvals_given=order.approvals_given,
            approvals_needed=order.approvals_needed,
            total=order.total,
            currency=order.currency,
            created_at=order.created_at,
            deadline=facts.deadline,
            is_soon=facts.is_soon,
            is_in_trouble=facts.is_in_trouble,
            has_message_on_its_way=facts.has_message_on_its_way,
        )


def render_waiting(rows: Iterable[WaitingRow]) -> SafeString:
    """Return the rows of the table; each is rendered once for everybody who sees the same, as in the list."""
    return SafeString("".join(map(_render_row, rows)))


def _render_row(row: WaitingRow) -> str:
    age = labels.describe_age(row.order.created_at, row.facts.read_at)
    deadline = row.facts.deadline
    left = labels.describe_deadline(deadline, row.facts.read_at) if deadline is not None else ""
    return put_words("waiting/_row.html", row.look(), (age, left))


def _describe_customer(earlier: int) -> str:
    if not earlier:
        return _("First order")
    if earlier >= MOST_EARLIER:
        return _("More than %(count)s orders before") % {"count": MOST_EARLIER - 1}
    return ngettext("%(count)s order before", "%(count)s orders before", earlier) % {"count": earlier}


def _describe_goods(goods: list[Mapping[str, Any]], count: int) -> str:
    words = ", ".join(f"{line['quantity']} \N{MULTIPLICATION SIGN} {line['description']}" for line in goods)
    more = count - len(goods)
    if more <= 0:
        return words
    others = ngettext("and %(count)s more line", "and %(count)s more lines", more) % {"count": more}
    return f"{words} {others}"


def _find_remarks(order: Order, earlier: list[Mapping[str, Any]]) -> list[CustomerRemark]:
    """Return what stands out beside the customer's earlier orders, the latest of which comes first."""
    found = {
        CustomerRemark.OTHER_ADDRESS: bool(earlier) and read_address(earlier[0]) != read_address(vars(order)),
        CustomerRemark.DECLINED_BEFORE: any(each["reason_code"] == ReasonCode.PAYMENT_DECLINED for each in earlier),
    }
    return [remark for remark, is_there in found.items() if is_there]
