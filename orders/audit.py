"""Compares every order with the gateway's own books: was each completed order charged once, and is all else back?"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from orders.models import GatewayMovement, Order
from orders.money import Money
from orders.states import Status

CHARGE = GatewayMovement.Kind.CHARGE
REFUND = GatewayMovement.Kind.REFUND


@dataclass(frozen=True)
class Discrepancy:
    """An order about which the console and the gateway disagree."""

    order_id: str
    status: str
    sentence: str


@dataclass(frozen=True)
class Audit:
    """What was compared and what was found; the sums are numbers of movements in the gateway's books."""

    orders: int
    charges: int
    refunds: int
    discrepancies: tuple[Discrepancy, ...]


def audit_orders() -> Audit:
    """Compare all orders with the gateway's books. Reads every order once; meant for the terminal, not for a page."""
    totals = GatewayMovement.objects.aggregate(
        charges=Count("pk", filter=Q(kind=CHARGE)), refunds=Count("pk", filter=Q(kind=REFUND))
    )
    return Audit(Order.objects.count(), totals["charges"], totals["refunds"], tuple(_discrepancies()))


def _discrepancies() -> Iterator[Discrepancy]:
    movements = GatewayMovement.objects.values("merchant_reference").annotate(
        charge_count=Count("pk", filter=Q(kind=CHARGE)),
        charged=Coalesce(Sum("amount", filter=Q(kind=CHARGE)), 0),
        refunded=Coalesce(Sum("amount", filter=Q(kind=REFUND)), 0),
    )
    books = {row["merchant_reference"]: row for row in movements}
    nothing = {"charge_count": 0, "charged": 0, "refunded": 0}
    for order in Order.objects.order_by("pk").iterator():
        row = books.pop(order.order_id, nothing)
        sentence = _complaint(order, row["charge_count"], row["charged"], row["refunded"])
        if sentence:
            yield Discrepancy(order.order_id, order.status, sentence)
    for order_id in books:
        yield Discrepancy(order_id, "", "The gateway knows an order that the console does not.")


def _complaint(order: Order, charge_count: int, charged: int, refunded: int) -> str:
    """Say what is wrong with the order's money, or nothing."""
    if charge_count > 1:
        return f"The customer was charged {charge_count} times."
    if order.status == Status.COMPLETED and (charged != order.total or refunded):
        kept = Money(charged - refunded, order.currency)
        return f"The order of {order.total_money} is completed, but the gateway kept {kept}."
    if order.status == Status.CANCELLED and charged != refunded:
        return f"The order is cancelled, but the gateway kept {Money(charged - refunded, order.currency)}."
    return ""
