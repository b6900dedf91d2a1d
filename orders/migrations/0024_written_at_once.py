"""Lets an order's row be written once where it was written twice: for two moves, and for a move and what it is found by.

A status may be passed in the same write as the next one where the history tells of both. What the search finds an order
by leaves out what is empty, so that a step which writes the reference itself finds the same as the trigger.
"""

from django.db import migrations

# As in 0004.
MOVES = (
    ("CREATED", "CANCELLING"),
    ("CREATED", "VALIDATED"),
    ("VALIDATED", "CANCELLING"),
    ("VALIDATED", "PENDING_MANUAL_APPROVAL"),
    ("PENDING_MANUAL_APPROVAL", "CANCELLING"),
    ("PENDING_MANUAL_APPROVAL", "CHARGING_PAYMENT"),
    ("CHARGING_PAYMENT", "CANCELLING"),
    ("CHARGING_PAYMENT", "PAID"),
    ("PAID", "CANCELLING"),
    ("PAID", "PACKAGE_PREPARED"),
    ("PACKAGE_PREPARED", "CANCELLING"),
    ("PACKAGE_PREPARED", "DISPATCHED"),
    ("DISPATCHED", "CANCELLING"),
    ("DISPATCHED", "COMPLETED"),
    ("CANCELLING", "CANCELLED"),
)
LEGAL_MOVES = ", ".join(f"('{current}', '{following}')" for current, following in MOVES)
PASSED = """
    IF (OLD.status, NEW.status) = ('CREATED', 'PENDING_MANUAL_APPROVAL')
        AND EXISTS (SELECT FROM orders_orderevent WHERE order_id = NEW.id AND kind = 'order.validated')
    THEN
        RETURN NULL;
    END IF;
"""

# As in 0009, but for what is empty.
FIND_BY = """
    UPDATE orders_order AS found SET search_lines = other.lines, search_codes = other.codes
    FROM (
        SELECT
            orders_order.id,
            concat_ws(E'\\n', line.skus, line.descriptions) AS lines,
            concat_ws(
                E'\\n', {references}, nullif(shop_order_number, ''), line.skus
            ) AS codes
        FROM orders_order
        LEFT JOIN orders_shipment AS shipment ON shipment.order_id = orders_order.id
        LEFT JOIN orders_payment AS payment ON payment.order_id = orders_order.id
        LEFT JOIN LATERAL (
            SELECT string_agg(sku, E'\\n' ORDER BY position) AS skus,
                string_agg(description, E'\\n' ORDER BY position) AS descriptions
            FROM orders_orderline WHERE order_id = orders_order.id
        ) AS line ON true
        WHERE {which}
    ) AS other
    WHERE found.id = other.id AND (found.search_lines, found.search_codes) IS DISTINCT FROM (other.lines, other.codes);
"""
REFERENCES = ("tracking_number", "package_reference", "gateway_reference")
WITH_EMPTY = ", ".join(REFERENCES)
WITHOUT_EMPTY = ", ".join(f"nullif({name}, '')" for name in REFERENCES)


def functions(*, passed: str, references: str) -> str:
    """Return the statements that replace the three functions."""
    by_lines = FIND_BY.format(references=references, which="orders_order.id IN (SELECT order_id FROM changed)")
    by_row = FIND_BY.format(references=references, which="orders_order.id = NEW.order_id")
    return f"""
CREATE OR REPLACE FUNCTION refuse_illegal_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {passed}
    IF (OLD.status, NEW.status) NOT IN ({LEGAL_MOVES}) THEN
        RAISE EXCEPTION 'an order that is % cannot become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION find_orders_by_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {by_lines}
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION find_order_by_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {by_row}
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    """Replaces the functions."""

    dependencies = [("orders", "0023_feed")]

    operations = [
        migrations.RunSQL(
            functions(passed=PASSED, references=WITHOUT_EMPTY), functions(passed="", references=WITH_EMPTY)
        )
    ]
