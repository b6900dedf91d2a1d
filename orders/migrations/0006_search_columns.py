"""Keeps what an order is found by but stands in other tables: articles, the parcel, the gateway's reference.

Triggers copy it into two columns of the order, whoever writes those tables.
"""

from django.db import migrations

# The parcel's and the gateway's references come first, and articles before descriptions: what is cut is the end.
FIND_BY = """
    UPDATE orders_order AS found SET search_lines = other.lines, search_codes = other.codes
    FROM (
        SELECT
            orders_order.id,
            concat_ws(E'\\n', line.skus, line.descriptions) AS lines,
            concat_ws(E'\\n', tracking_number, package_reference, gateway_reference, line.skus) AS codes
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

ON_LINES = """
CREATE TRIGGER order_is_found_by_lines_{action} AFTER {action} ON orders_orderline REFERENCING {rows} AS changed
FOR EACH STATEMENT EXECUTE FUNCTION find_orders_by_lines()
"""
TRIGGERS = f"""
CREATE FUNCTION find_orders_by_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {FIND_BY.format(which="orders_order.id IN (SELECT order_id FROM changed)")}
    RETURN NULL;
END
$$;
{ON_LINES.format(action="INSERT", rows="NEW TABLE")};
{ON_LINES.format(action="UPDATE", rows="NEW TABLE")};
{ON_LINES.format(action="DELETE", rows="OLD TABLE")};

CREATE FUNCTION find_order_by_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {FIND_BY.format(which="orders_order.id = NEW.order_id")}
    RETURN NULL;
END
$$;
CREATE TRIGGER order_is_found_by_shipment AFTER INSERT OR UPDATE OF tracking_number, package_reference
ON orders_shipment FOR EACH ROW EXECUTE FUNCTION find_order_by_row();
CREATE TRIGGER order_is_found_by_payment AFTER INSERT OR UPDATE OF gateway_reference
ON orders_payment FOR EACH ROW EXECUTE FUNCTION find_order_by_row();
"""
FORGET_TRIGGERS = """
DROP TRIGGER order_is_found_by_payment ON orders_payment;
DROP TRIGGER order_is_found_by_shipment ON orders_shipment;
DROP TRIGGER order_is_found_by_lines_DELETE ON orders_orderline;
DROP TRIGGER order_is_found_by_lines_UPDATE ON orders_orderline;
DROP TRIGGER order_is_found_by_lines_INSERT ON orders_orderline;
DROP FUNCTION find_order_by_row, find_orders_by_lines;
"""


class Migration(migrations.Migration):
    """Creates the triggers."""

    dependencies = [("orders", "0005_rules_of_money")]

    operations = [migrations.RunSQL(TRIGGERS, FORGET_TRIGGERS)]
