"""Fills the tables with orders and their lines alone, of which one in fifty waits and the others are completed."""

from django.db import connection

from tests.database import past_the_rules

FILL = """
INSERT INTO orders_order (order_id, payment_id, idempotency_key, customer_name, customer_email, address_line,
    address_postcode, address_city, address_country, currency, total, status, reason_code, reason, submitted_by,
    decision, decision_id, decided_by, approval_deadline, run_id, version, created_at, updated_at,
    closed_at)
SELECT 'order-' || upper(substr(md5(n::text), 1, 12)), 'pay-' || upper(substr(md5(n::text), 13, 12)), 'key-' || n,
    (ARRAY['Emma','Noah','Mia','Liam','Zoe'])[1 + n %% 5] || ' ' || md5(n::text), 'c' || n || '@example.com',
    'Street 1', (10000 + n %% 5000)::text, 'Berlin', 'DE', 'EUR', 100 + n %% 9000,
    CASE WHEN n %% 50 = 0 THEN 'PENDING_MANUAL_APPROVAL' ELSE 'COMPLETED' END, '', '', 'alice', '', '', '',
    now() + n * interval '1 second', '', 1, now() - n * interval '1 second', now(),
    CASE WHEN n %% 50 <> 0 THEN now() END
FROM generate_series(1, %s) AS n
"""
FILL_LINES = """
INSERT INTO orders_orderline (order_id, position, sku, description, quantity, unit_price)
SELECT id, 1, 'SKU-' || (id % 1000), 'A mug', 1, total FROM orders_order
"""


def fill(count: int) -> None:
    """Put `count` orders into the tables, past the rules that would slow it down."""
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(FILL, [count])
        cursor.execute(FILL_LINES)
        cursor.execute("ANALYZE")
