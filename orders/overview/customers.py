"""What an approver should know of a customer: the other orders with the same e-mail address, and what stands out.

The approval policy asks about the orders before this one alone, at the moment of its submission. A person asks now, and
about the later ones as well.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

from django.db.models import OuterRef, QuerySet, Sum

from orders.models import Order, OrderLine, Refund
from orders.money import Money
from orders.reading.prepared import NUMBER, TEXT, PreparedQuery
from orders.states import OPEN, CustomerRemark, ReasonCode, Status

# So many of a customer's latest orders are looked at, by an index, so that one with thousands costs no more.
MOST_ORDERS: Final = 200
TWINS_WITHIN: Final = timedelta(days=1)
# A total that is so many times the usual one stands out, once so many completed orders tell what is usual.
UNUSUAL_TIMES: Final = 3
USUAL_AFTER: Final = 3
ADDRESS: Final = (
    *("address_line", "address_line2", "address_postcode"),
    *("address_city", "address_state", "address_country"),
)
COLUMNS: Final = ("order_id", "status", "decision", "reason_code", "currency", "total", "created_at", *ADDRESS)


def choose_others(most: int) -> QuerySet[Order]:
    """Return the customer's latest orders but this one, for stand-ins."""
    refunds = Refund.objects.filter(payment_id=OuterRef("payment_id"), status=Refund.Status.SUCCEEDED)
    given_back = refunds.order_by().values("payment_id").values_list(Sum("amount"))
    others = Order.objects.filter(customer_email__iexact=TEXT).exclude(pk=NUMBER).annotate(given_back=given_back)
    return others.only(*COLUMNS).order_by("-created_at", "-id")[:most]


_OTHERS: Final = PreparedQuery(lambda: choose_others(MOST_ORDERS))


@dataclass(frozen=True)
class CustomerFacts:
    """The customer's other orders, newest first, and what they say of this one.

    `earlier` counts those before this order. `is_cut` says that only the latest MOST_ORDERS were looked at. `cancelled`
    leaves out those whose payment was declined; of `refunded` ones money went back, in whole or in part. `spent` is the
    sum of the completed ones without what went back. `twins` have the same basket and were submitted within a day.
    """

    others: Sequence[Order]
    earlier: int
    is_cut: bool
    completed: int
    cancelled: int
    declined: int
    refunded: int
    open: int
    spent: tuple[Money, ...]
    twins: tuple[Order, ...]
    remarks: tuple[CustomerRemark, ...]


def read_customer(order: Order, lines: Iterable[OrderLine]) -> CustomerFacts:
    """Return what the other orders with this e-mail address say of `order`; one statement, and one more for twins."""
    others = _OTHERS.read({TEXT: order.customer_email, NUMBER: order.pk})
    earlier = [other for other in others if (other.created_at, other.pk) < (order.created_at, order.pk)]
    completed = [other for other in others if other.status == Status.COMPLETED]
    declined = [other for other in others if other.reason_code == ReasonCode.PAYMENT_DECLINED]
    spent = Counter({other.currency: 0 for other in completed})
    for other in completed:
        spent[other.currency] += other.total - (vars(other)["given_back"] or 0)
    twins = _find_twins(order, lines, others)
    found = {
        CustomerRemark.TWIN: bool(twins),
        CustomerRemark.OTHER_ADDRESS: bool(earlier) and read_address(vars(earlier[0])) != read_address(vars(order)),
        CustomerRemark.UNUSUAL_TOTAL: _is_unusual(order, completed),
        CustomerRemark.DECLINED_BEFORE: any(other in earlier for other in declined),
    }
    return CustomerFacts(
        others=others,
        earlier=len(earlier),
        is_cut=len(others) == MOST_ORDERS,
        completed=len(completed),
        cancelled=sum(other.status == Status.CANCELLED for other in others) - len(declined),
        declined=len(declined),
        refunded=sum(bool(vars(other)["given_back"]) for other in others),
        open=sum(other.status in OPEN for other in others),
        spent=tuple(Money(total, currency) for currency, total in sorted(spent.items())),
        twins=twins,
        remarks=tuple(remark for remark, is_there in found.items() if is_there),
    )


def _find_twins(order: Order, lines: Iterable[OrderLine], others: Sequence[Order]) -> tuple[Order, ...]:
    near = [other for other in others if abs(other.created_at - order.created_at) <= TWINS_WITHIN]
    if not near:
        return ()
    baskets: dict[int, Counter[str]] = {other.pk: Counter() for other in near}
    for order_pk, sku, quantity in OrderLine.objects.filter(order__in=list(baskets)).values_list(
        "order_id", "sku", "quantity"
    ):
        baskets[order_pk][sku.upper()] += quantity
    own: Counter[str] = Counter()
    for line in lines:
        own[line.sku.upper()] += line.quantity
    return tuple(other for other in near if baskets[other.pk] == own)


def _is_unusual(order: Order, completed: Sequence[Order]) -> bool:
    totals = [other.total for other in completed if other.currency == order.currency]
    return len(totals) >= USUAL_AFTER and order.total > UNUSUAL_TIMES * median(totals)


def read_address(facts: Mapping[str, object]) -> tuple[str, ...]:
    """Return what tells two addresses apart, of an order's columns by name."""
    return tuple(str(facts[name]).casefold() for name in ADDRESS)
