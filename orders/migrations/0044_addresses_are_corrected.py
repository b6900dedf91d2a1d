"""PostgreSQL lets an address be corrected until a package is prepared, and never moves an order to another country."""

from django.db import migrations

# The statuses before PACKAGE_PREPARED; a test compares this copy with the code.
CORRECTABLE = ("CREATED", "VALIDATED", "PENDING_MANUAL_APPROVAL", "CHARGING_PAYMENT", "PAID")
STATUSES = ", ".join(f"'{status}'" for status in CORRECTABLE)

RULE = f"""
CREATE FUNCTION refuse_change_of_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.address_country <> OLD.address_country THEN
        RAISE EXCEPTION 'the country of order % never changes', OLD.order_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status NOT IN ({STATUSES}) OR EXISTS (SELECT FROM orders_shipment WHERE order_id = OLD.id) THEN
        RAISE EXCEPTION 'the address of order % stays, now that the order is %', OLD.order_id, OLD.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER order_goes_where_it_was_packed_for AFTER UPDATE OF
    address_line, address_line2, address_postcode, address_city, address_state, address_country
ON orders_order FOR EACH ROW WHEN (
    (OLD.address_line, OLD.address_line2, OLD.address_postcode, OLD.address_city, OLD.address_state, OLD.address_country)
    IS DISTINCT FROM
    (NEW.address_line, NEW.address_line2, NEW.address_postcode, NEW.address_city, NEW.address_state, NEW.address_country)
) EXECUTE FUNCTION refuse_change_of_address();
"""

FORGET = """
DROP TRIGGER order_goes_where_it_was_packed_for ON orders_order;
DROP FUNCTION refuse_change_of_address;
"""


class Migration(migrations.Migration):
    """Creates the trigger, named as the sentence that it keeps true."""

    dependencies = [("orders", "0040_policy_history")]

    operations = [migrations.RunSQL(RULE, FORGET)]
