"""The first orders that a typed text finds, by one statement: for a list that is renewed while somebody types."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, F

from orders.models import Order
from orders.money import Money
from orders.reading.querysets import NEWEST
from orders.reading.search import clean_search

# So many of the latest orders are looked through first: of a frequent word the index finds too many.
NEAR_ROWS: Final = 250
COLUMNS: Final = (
    "order_id",
    "customer_name",
    "customer_email",
    "status",
    "decision",
    "total",
    "currency",
    "created_at",
)


@dataclass(frozen=True)
class FoundOrder:
    """What is shown of an order that was found."""

    order_id: str
    customer_name: str
    customer_email: str
    status: str
    decision: str
    total: int
    currency: str
    created_at: datetime

    @property
    def total_money(self) -> Money:
        return Money(self.total, self.currency)


def find_first_orders(text: str, *, limit: int) -> list[FoundOrder]:
    """Return the latest orders that a search for the text finds; one statement, none for an empty text.

    The index of the search is asked only where the latest orders do not have enough.
    """
    typed = clean_search(text)
    if not typed:
        return []
    latest = Order.objects.order_by(*NEWEST.order_by()).values("pk")[:NEAR_ROWS]
    near = Order.objects.filter(pk__in=latest, search_document__matches_typed=typed)
    is_enough = Exists(near.order_by()[limit - 1 : limit])
    # An expression that no index of the order serves leaves nothing but the search's own.
    far = Order.objects.filter(~is_enough, search_document__matches_typed=typed)
    rows = (
        near.order_by(*NEWEST.order_by())
        .values_list(*COLUMNS)[:limit]
        .union(far.order_by((F("created_at") + timedelta(0)).desc(), "-pk").values_list(*COLUMNS)[:limit])
    )
    found = sorted((FoundOrder(*row) for row in rows), key=lambda order: order.created_at, reverse=True)
    return found[:limit]
