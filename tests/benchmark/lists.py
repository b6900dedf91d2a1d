"""Pages of the list: each at a thousand orders and at many, and reads of it against the obvious alternative."""

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from django.db.models import Exists, OuterRef, Q
from django.test import Client

from orders.admin.read_only import CappedPaginator
from orders.models import Order, OrderLine
from orders.reading.pages import Cursor, Page, cut_page
from orders.reading.querysets import NEWEST, read_order_search
from tests.asking import HTMX
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.filling import FREQUENT_NAME
from tests.benchmark.two_sizes import Read, compare_sizes, fill_both, name_of_hundredth
from tests.making import make_user

ROUNDS: Final = 15
FEW: Final = 1000


def measure(scale: Scale) -> list[Figure]:
    """Fill the tables and compare."""
    fill_both(FEW, scale.orders)
    return [*compare_sizes(pages, scale.rounds), *compare_ways(scale.orders)]


def pages() -> Mapping[str, Read]:
    """Return the pages that an approver asks for, by what they are."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user("bob", "approver"))
    rows = Order.objects.order_by(*NEWEST.order_by())
    deep = rows[Order.objects.count() * 9 // 10]
    known = rows[500]
    last_four = known.order_id[-4:]
    of_hundredth = name_of_hundredth()
    queries = {
        "the list": {},
        "the list, far down": {"cursor": Cursor(deep.created_at, deep.pk).encode(NEWEST)},
        "tab: awaiting": {"status": "awaiting"},
        "tab: awaiting, newest first": {"status": "awaiting", "sort": "newest"},
        "tab: in progress": {"status": "in-motion"},
        "tab: completed": {"status": "completed"},
        "tab: cancelled": {"status": "cancelled"},
        "search: a frequent name": {"q": FREQUENT_NAME},
        "search: a name of every hundredth": {"q": of_hundredth},
        "search: a whole name": {"q": known.customer_name},
        "search: an e-mail address in full": {"q": known.customer_email},
        "search: an order id as typed": {"q": known.order_id.removeprefix("order-").lower()},
        "search: a payment id": {"q": known.payment_id},
        "search: a tracking number": {"q": known.search_codes.partition("\n")[0]},
        "search: four characters of an id": {"q": last_four},
        "search: nothing to find": {"q": "nobody"},
        "awaiting, and a frequent name": {"status": "awaiting", "q": FREQUENT_NAME},
        "awaiting, and a name of every hundredth": {"status": "awaiting", "q": of_hundredth},
        "cancelled, and a frequent name": {"status": "cancelled", "q": FREQUENT_NAME},
        "cancelled, and a name of every hundredth": {"status": "cancelled", "q": of_hundredth},
        "filter: closed in the last 7 days": {"closed_from": "6d"},
        "filter: closed today, last closed first": {"closed_from": "today", "sort": "closed"},
        "filter: a rule of every twentieth": {"rule": "Large orders"},
        "filter: a rule of every five-thousandth": {"rule": "Seldom"},
        "filter: refunds that succeeded": {"refund": "SUCCEEDED"},
        "filter: refunds that failed, of which there are none": {"refund": "FAILED"},
        "filter: parcels that are with the carrier": {"shipment": "DISPATCHED"},
        "filter: deadline within a year": {"deadline_within": "8784"},
        "filter: decided by somebody, completed": {"decided_by": "dana", "status": "completed"},
        "filter: large totals in US dollars": {"currency": "USD", "total_min": "800", "sort": "largest"},
        "tab: completed, last closed first": {"status": "completed", "sort": "closed"},
        "awaiting, and an e-mail address in full": {"status": "awaiting", "q": known.customer_email},
    }
    return {name: partial(ask, client, "/orders/", query) for name, query in queries.items()}


def ask(client: Client, path: str, query: Mapping[str, str]) -> None:
    """Ask for a page as htmx does, which no whole order id redirects."""
    response = client.get(path, query, headers=HTMX, secure=True)
    if response.status_code != 200:
        raise RuntimeError(f"{path} answers {response.status_code}")


def milliseconds(work: Callable[[], object]) -> float:
    """Return the median time of `work` over ROUNDS rounds, after one to warm up."""
    work()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def compare(title: str, taken: Callable[[], object], other: Callable[[], object]) -> Figure:
    """Return how many times longer the other way takes."""
    quick, slow = milliseconds(taken), milliseconds(other)
    return Figure(title, slow / quick, "times as long", detail={"taken_ms": quick, "other_ms": slow})


def compare_ways(orders: int) -> list[Figure]:
    """Compare what the console does with what is done elsewhere, among many orders."""
    rows = Order.objects.order_by(*NEWEST.order_by())
    deep = orders - 100
    row = rows[deep]
    beyond = NEWEST.after(Cursor(row.created_at, row.pk))
    name = row.customer_name
    plain = Q(customer_name__icontains=name) | Q(customer_email__icontains=name) | Q(order_id__icontains=name)
    tail = row.order_id[-4:]
    in_lines = Exists(OrderLine.objects.filter(order=OuterRef("pk"), sku__istartswith="sku-77"))
    return [
        compare(
            "a page near the end: OFFSET / keyset",
            lambda: list(rows.filter(beyond)[:50]),
            lambda: list(rows[deep : deep + 50]),
        ),
        compare("a count for a tab: all / up to 100", lambda: Order.objects.count_up_to(100), Order.objects.count),
        compare(
            "a count for the admin: all / up to 1,000",
            lambda: CappedPaginator(Order.objects.all(), 50).count,
            Order.objects.count,
        ),
        compare(
            "a search for a customer: ILIKE / GIN index",
            lambda: search_page(name),
            lambda: list(Order.objects.filter(plain)[:50]),
        ),
        compare(
            "a search for the last four characters of an id: LIKE / index",
            lambda: search_page(tail),
            lambda: list(rows.filter(order_id__iendswith=tail)[:50]),
        ),
        compare(
            "a search for an article: EXISTS in the lines / GIN index",
            lambda: search_page("sku-77"),
            lambda: list(rows.filter(in_lines)[:50]),
        ),
    ]


def search_page(typed: str) -> Page[Order]:
    """Return the first page of a search, as the list shows it."""
    return cut_page(Order.objects.all(), NEWEST, search=read_order_search(typed), size=50)
