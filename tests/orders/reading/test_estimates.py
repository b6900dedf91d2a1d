"""What PostgreSQL expects of the tables, as far as its choice of a plan depends on it."""

import pytest
from django.db import connection

from orders.models import Order
from orders.states import Status
from tests.benchmark.plain_orders import fill
from tests.database import past_the_rules

pytestmark = pytest.mark.django_db

DECIDE = """
UPDATE orders_order SET decision = 'approve', decision_id = order_id, decided_by = 'bob', decided_at = now(),
    decision_channel = 'CONSOLE'
WHERE status = 'COMPLETED'
"""


def test_nearly_all_that_wait_are_expected_to_be_undecided() -> None:
    fill(2000)
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute(DECIDE)
        cursor.execute("ANALYZE orders_order")
    waiting = Order.objects.filter(status=Status.PENDING_MANUAL_APPROVAL, decision="")

    with connection.cursor() as cursor:
        sql, values = waiting.query.sql_with_params()
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        expected = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]

    assert waiting.count() == 40
    assert expected >= 20  # not 1, as where the two were independent of each other
