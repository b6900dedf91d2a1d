"""The page of what does not move, with 10,000 open orders of which no cause holds up all: its times, read by read."""

from functools import partial
from typing import Final

from django.db import connection
from django.test import Client

from orders.overview.stuck import find_stuck
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.filling import fill
from tests.benchmark.lists import ask, milliseconds
from tests.database import past_the_rules
from tests.making import make_user

# Some ten events before the last, which tells what an order waits for; and what else may hold one up.
HISTORIES: Final = (
    """INSERT INTO orders_orderevent (order_id, key, kind, data, actor, at)
    SELECT id, 'event-' || n, 'order.validated', '{}', '', created_at
    FROM orders_order, generate_series(1, 10) AS n WHERE status NOT IN ('COMPLETED', 'CANCELLED')""",
    """INSERT INTO orders_orderevent (order_id, key, kind, data, actor, at)
    SELECT id, 'last', CASE WHEN decision = '' THEN 'order.awaiting_approval' ELSE 'step.failed' END,
        '{"activity": "charge_payment", "attempt": 4, "error": "503"}', '', created_at
    FROM orders_order WHERE status NOT IN ('COMPLETED', 'CANCELLED')""",
    """INSERT INTO orders_trouble (order_id, code, detail, since)
    SELECT id, 'RUN_PAUSED', '', created_at
    FROM orders_order WHERE status = 'PENDING_MANUAL_APPROVAL' AND id % 10 = 0""",
    """INSERT INTO orders_outboxmessage (order_id, key, name, payload, status, attempts, last_error, created_at,
        next_attempt_at)
    SELECT id, 'unsent-' || id, 'approve_order', '{}', 'PENDING', 3, '', created_at, created_at
    FROM orders_order WHERE status = 'PENDING_MANUAL_APPROVAL' AND id % 10 = 1""",
    "ANALYZE",
)


def measure(scale: Scale) -> list[Figure]:
    """Fill the tables and look at the page."""
    fill(scale.orders)
    with past_the_rules(), connection.cursor() as cursor:
        for statement in HISTORIES:
            cursor.execute(statement)
    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user("bob", "approver"))
    return [
        Figure("the causes, with their oldest orders", milliseconds(find_stuck), "ms"),
        Figure("the page", milliseconds(partial(ask, client, "/orders/stuck/", {})), "ms", "≤ 1000"),
    ]
