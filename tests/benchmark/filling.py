"""Fills the tables with many orders, past the rules that would slow it down: the same rows each time.

They are spread as a shop's are: of the latest many are open, a third of the others was cancelled, one customer in four
has the same first name, one in a hundred the same last name, and each has an e-mail address of their own.
"""

from typing import Final

import psycopg
from django.db import connection

from tests.database import past_the_rules

MOST_AWAITING: Final = 10_000
MOST_IN_MOTION: Final = 1_000
# As they are typed into a search.
FREQUENT_NAME: Final = "emma"
NAME_OF_HUNDREDTH: Final = "schmidt"

ORDERS: Final = """
INSERT INTO orders_order (order_id, payment_id, idempotency_key, customer_name, customer_email, customer_phone,
    address_line, address_postcode, address_city, address_country, currency, total, status, reason_code, reason,
    submitted_by, decision, decision_id, decided_by, decided_at, decision_channel, decision_reason_code,
    approval_deadline, closed_at, run_id, version, created_at, updated_at, search_lines, search_codes, policy,
    approvals_needed)
SELECT 'order-' || upper(substr(mixed, 1, 12)), 'pay-' || upper(substr(mixed, 13, 12)), 'key-' || n,
    CASE WHEN dice % 4 = 0 THEN 'Emma' ELSE initcap(translate(substr(mixed, 1, 3), '0123456789', 'ghijklmnop')) END
        || ' ' || CASE WHEN dice % 100 = 7 THEN 'Schmidt'
            ELSE initcap(translate(substr(mixed, 5, 6), '0123456789', 'ghijklmnop')) END,
    'c' || n || '@example.com', '+49 30 ' || (1000000 + n), 'Street ' || n % 900, (10000 + n % 5000)::text, 'Berlin',
    'DE', CASE WHEN dice % 10 = 0 THEN 'USD' ELSE 'EUR' END, 100 + dice % 90000, status,
    CASE WHEN status = 'CANCELLED' THEN 'STAFF' ELSE '' END, '', (ARRAY['alice', 'carol', 'erin'])[1 + dice % 3],
    CASE WHEN is_decided THEN CASE WHEN status = 'CANCELLED' THEN 'cancel' ELSE 'approve' END ELSE '' END,
    CASE WHEN is_decided THEN 'decision-' || n ELSE '' END,
    CASE WHEN is_decided THEN (ARRAY['bob', 'dana'])[1 + dice % 2] ELSE '' END,
    CASE WHEN is_decided THEN created_at + interval '1 hour' END,
    CASE WHEN is_decided THEN 'CONSOLE' ELSE '' END,
    CASE WHEN status = 'CANCELLED' THEN 'CUSTOMER_REQUEST' ELSE '' END,
    created_at + interval '400 days',
    CASE WHEN status IN ('COMPLETED', 'CANCELLED') THEN created_at + interval '2 hours' END, '', 9, created_at,
    created_at,
    'SKU-' || n % 1000 || E'\\nA mug',
    'TRACK-' || n || E'\\npackage-' || n || E'\\nsim-' || n || E'\\nSKU-' || n % 1000,
    CASE WHEN dice % 20 = 0 OR dice % 5000 = 1
        THEN jsonb_build_object('levels', '[]'::jsonb, 'rules', jsonb_build_array(
        '{"id": 1, "approvals_needed": 1, "explanation": "", "conditions": [], "decides": true}'::jsonb
            || jsonb_build_object('name', CASE WHEN dice % 20 = 0 THEN 'Large orders' ELSE 'Seldom' END)
    )) END, 1
FROM (
    SELECT *, status NOT IN ('CREATED', 'VALIDATED', 'PENDING_MANUAL_APPROVAL') AS is_decided FROM (
        SELECT n, md5(n::text) AS mixed, dice, clock.now - n * interval '20 seconds' AS created_at,
            CASE WHEN place < %(awaiting)s THEN 'PENDING_MANUAL_APPROVAL'
                WHEN place < %(awaiting)s + %(in_motion)s
                    THEN (ARRAY['CREATED', 'CHARGING_PAYMENT', 'PAID', 'DISPATCHED'])[1 + dice % 4]
                WHEN dice % 3 = 1 THEN 'CANCELLED' ELSE 'COMPLETED' END AS status
        FROM (
            SELECT n, hashint8(n) & 2147483647 AS dice, (hashint8(n + 1000000007) & 2147483647) % %(count)s AS place
            FROM generate_series(1, %(count)s) AS n
        ) AS numbers, (SELECT now() AS now) AS clock
    ) AS spread
) AS orders
"""
REST: Final = (
    """INSERT INTO orders_orderline (order_id, position, sku, description, quantity, unit_price)
    SELECT id, 1, 'SKU-' || id % 1000, 'A mug', 1, total FROM orders_order""",
    """INSERT INTO orders_decision (decision_id, order_id, kind, actor, actor_account_id, is_own_order, channel,
        reason_code, reason, taken_at, outcome, answered_at)
    SELECT decision_id, id, decision, decided_by, 1, false, decision_channel, decision_reason_code, '', decided_at,
        'ACCEPTED', decided_at FROM orders_order WHERE decision <> ''""",
    """INSERT INTO orders_payment (payment_id, order_id, amount, currency, status, gateway, gateway_reference,
        created_at, updated_at)
    SELECT payment_id, id, total, currency, CASE status WHEN 'CANCELLED' THEN 'REFUNDED' ELSE 'CHARGED' END,
        'simulated', 'sim-' || id, created_at, created_at FROM orders_order WHERE decision <> ''""",
    """INSERT INTO orders_refund (payment_id, key, amount, currency, reason_code, reason, requested_by, channel, status,
        gateway_reference, requested_at, finished_at)
    SELECT payment_id, 'refund-' || id, total, currency, 'STAFF', '', decided_by, 'CONSOLE', 'SUCCEEDED',
        'sim-r-' || id, decided_at, decided_at FROM orders_order WHERE status = 'CANCELLED'""",
    """INSERT INTO orders_shipment (shipment_id, order_id, status, package_reference, carrier, tracking_number,
        prepared_at, dispatched_at)
    SELECT 'shipping-' || order_id, id, 'DISPATCHED', 'package-' || id, 'Parcel', 'TRACK-' || id, created_at, created_at
    FROM orders_order WHERE status IN ('DISPATCHED', 'COMPLETED')""",
    """INSERT INTO orders_outboxmessage (order_id, key, name, payload, status, attempts, last_error, created_at,
        next_attempt_at, delivered_at)
    SELECT id, name || '-' || id, name, '{}', 'DELIVERED', 1, '', created_at, created_at, created_at
    FROM orders_order,
        (VALUES ('start', ''), ('approve_order', 'approve'), ('cancel_order', 'cancel')) AS kind (name, of)
    WHERE of IN ('', decision)""",
    """INSERT INTO simulated_gateway_movement (reference, kind, amount, currency, merchant_reference, idempotency_key,
        at)
    SELECT 'sim-' || id, 'CHARGE', total, currency, payment_id, payment_id, created_at
    FROM orders_order WHERE decision <> ''""",
)


# Those that hold nothing but help to find: they are made much faster from rows that are there than one row at a time.
INDEXES: Final = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE NOT indisunique AND indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
"""


def fill(count: int) -> None:
    """Put `count` orders into the tables, with what belongs to them; the indexes that may be are made afterwards."""
    numbers = {
        "count": count,
        "awaiting": min(count // 3, MOST_AWAITING),
        "in_motion": min(count * 2 // 5, MOST_IN_MOTION),  # each of their statuses fills a page of the admin
    }
    with past_the_rules(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(INDEXES)
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(ORDERS.replace("% ", "%% "), numbers)
        for statement in REST:
            cursor.execute(statement)
        for _, definition in indexes:
            cursor.execute(definition)
    # By a connection of its own: what Django's sends begins with limits, and VACUUM stands alone.
    facts = connection.settings_dict
    place = {"host": facts["HOST"], "port": facts["PORT"], "user": facts["USER"], "dbname": facts["NAME"]}
    with psycopg.connect(**place, autocommit=True) as server:
        server.execute("VACUUM ANALYZE")
