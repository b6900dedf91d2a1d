"""The orders that wait for one person's decision, the next to expire first, with what a decision needs of each."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from orders.models import Order, OrderLine
from orders.overview.customers import ADDRESS
from orders.reading.counts import Prepared, prepare
from orders.reading.prepared import OTHER_NUMBER, TEXT, PreparedQuery
from orders.reading.querysets import LIST_COLUMNS, NEXT_TO_EXPIRE, OrderQuerySet

MOST_ROWS: Final = 25
MOST_COUNTED: Final = 100
# So many of the orders that wait are looked at to say for whom they wait instead.
MOST_LOOKED_AT: Final = 500
MOST_GOODS: Final = 3
# So many earlier orders of a customer are looked at.
MOST_EARLIER: Final = 21
MINE: Final = "mine"


def choose_mine() -> OrderQuerySet:
    """Return what waits for the person of the stand-ins, the next to expire first."""
    found: OrderQuerySet = Order.objects.waiting_for(username=TEXT, account_id=OTHER_NUMBER)
    return found.order_by(*NEXT_TO_EXPIRE.order_by())


def choose_rows() -> QuerySet[Order]:
    """Return the rows, for stand-ins: `earlier` are facts of the customer's orders before, `goods` the first lines."""
    earlier = Order.objects.filter(
        customer_email__iexact=OuterRef("customer_email"), created_at__lt=OuterRef("created_at")
    ).order_by("-created_at", "-id")
    facts = JSONObject(reason_code="reason_code", **{name: name for name in ADDRESS})
    lines = OrderLine.objects.filter(order=OuterRef("pk"))
    goods = lines.order_by("id").values(facts=JSONObject(quantity="quantity", description="description"))
    count = lines.order_by().values("order").annotate(count=Count("pk")).values("count")
    rows = choose_mine().with_message_on_its_way().with_trouble().with_read_at()
    return rows.annotate(
        earlier=ArraySubquery(earlier.values(facts=facts)[:MOST_EARLIER]),
        goods=ArraySubquery(goods[:MOST_GOODS]),
        line_count=Subquery(count),
    ).only(*LIST_COLUMNS, *ADDRESS, "policy")[:MOST_ROWS]


_ROWS: Final = PreparedQuery(choose_rows)


def read_waiting(*, username: str, account_id: int) -> list[Order]:
    """Return the first MOST_ROWS orders that wait for the person; one statement."""
    return _ROWS.read({TEXT: username, OTHER_NUMBER: account_id})


def prepare_poll(columns: tuple[str, ...], counted: Mapping[str, QuerySet[Any]]) -> Prepared:
    """Return the statement that tells whether rows or counts have changed: MINE counts what waits for the person."""
    rows = choose_mine().with_message_on_its_way().with_trouble().with_read_at().values_list(*columns)[:MOST_ROWS]
    return prepare({**counted, MINE: choose_mine().order_by()[:MOST_COUNTED]}, rows)


def count_holds(*, username: str, account_id: int) -> Counter[str]:
    """Count the next orders to expire of all that wait, by why they do not wait for the person; '' are those that do.

    No more than MOST_LOOKED_AT are looked at.
    """
    waiting = Order.objects.awaiting_decision().order_by(*NEXT_TO_EXPIRE.order_by())
    found: QuerySet[Any] = waiting.with_hold(username=username, account_id=account_id)
    return Counter(found.values_list("hold", flat=True)[:MOST_LOOKED_AT])
