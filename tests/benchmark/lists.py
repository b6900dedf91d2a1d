"""Reads of lists among many orders, the console's way against the obvious alternative."""

import statistics
import time
from collections.abc import Callable
from functools import partial

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from orders.admin.read_only import CappedPaginator
from orders.models import Order, OrderLine
from orders.reading.pages import Cursor, Page, cut_page
from orders.reading.querysets import NEWEST, read_order_search
from tests.benchmark.figures import Figure, Scale
from tests.database import past_the_rules

ROUNDS = 15

FILL = """
INSERT INTO orders_order (order_id, payment_id, idempotency_key, customer_name, customer_email, address_line,
    address_postcode, address_city, address_country, currency, total, status, reason_code, reason, submitted_by,
    decision, decision_id, decided_by, approval_deadline, run_id, version, created_at, updated_at)
SELECT 'order-' || upper(substr(md5(n::text), 1, 12)), 'pay-' || upper(substr(md5(n::text), 13, 12)), 'key-' || n,
    (ARRAY['Emma','Noah','Mia','Liam','Zoe'])[1 + n %% 5] || ' ' || md5(n::text), 'c' || n || '@example.com',
    'Street 1', (10000 + n %% 5000)::text, 'Berlin', 'DE', 'EUR', 100 + n %% 9000,
    CASE WHEN n %% 50 = 0 THEN 'PENDING_MANUAL_APPROVAL' ELSE 'COMPLETED' END, '', '', 'alice', '', '', '',
    now() + n * interval '1 second', '', 1, now() - n * interval '1 second', now()
FROM generate_series(1, %s) AS n
"""
FILL_LINES = """
INSERT INTO orders_orderline (order_id, position, sku, description, quantity, unit_price)
SELECT id, 1, 'SKU-' || (id % 1000), 'A mug', 1, total FROM orders_order
"""


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


def measure(scale: Scale) -> list[Figure]:
    """Fill the tables and compare."""
    fill(scale.orders)
    rows = Order.objects.order_by(*NEWEST.order_by())
    deep = scale.orders - 100
    row = rows[deep]
    beyond = NEWEST.after(Cursor(row.created_at, row.pk))
    return [
        compare(
            "a page near the end: OFFSET / keyset",
            lambda: list(rows.filter(beyond)[:50]),
            lambda: list(rows[deep : deep + 50]),
        ),
        compare("a count for a tab: all / up to 100", lambda: Order.objects.count_up_to(100), Order.objects.count),
        compare(
            "a count for the admin: all / up to 10,000",
            lambda: CappedPaginator(Order.objects.all(), 50).count,
            Order.objects.count,
        ),
        *compare_searches(row),
    ]


def fill(count: int) -> None:
    """Put `count` orders into the tables, past the rules that would slow it down."""
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(FILL, [count])
        cursor.execute(FILL_LINES)
        cursor.execute("ANALYZE")


def compare_searches(row: Order) -> list[Figure]:
    """Compare searches with LIKE, and with a plain page of the list."""
    rows = Order.objects.order_by(*NEWEST.order_by())
    name = f"emma {row.customer_name.split()[1][:6]}"
    plain = Q(customer_name__icontains=name) | Q(customer_email__icontains=name) | Q(order_id__icontains=name)
    tail = row.order_id[-4:]
    in_lines = Exists(OrderLine.objects.filter(order=OuterRef("pk"), sku__istartswith="sku-77"))
    return [
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
        *(
            compare(f"a search for {what} / a page of the list", lambda: list(rows[:50]), partial(search_page, word))
            for what, word in (
                ("a word of every fifth", "emma"),
                ("a word of all", "berlin"),
                ("what is not there", "nobody"),
            )
        ),
    ]


def search_page(typed: str) -> Page[Order]:
    """Return the first page of a search, as the list shows it."""
    return cut_page(Order.objects.all(), NEWEST, search=read_order_search(typed), size=50)
