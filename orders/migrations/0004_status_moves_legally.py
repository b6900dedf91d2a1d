"""PostgreSQL itself refuses a status that may not follow the present one, by the table of transitions of its day."""

from django.db import migrations

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

REFUSE = f"""
CREATE FUNCTION refuse_illegal_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN ({LEGAL_MOVES}) THEN
        RAISE EXCEPTION 'an order that is % cannot become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER order_status_moves_legally BEFORE UPDATE OF status ON orders_order
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION refuse_illegal_status();
"""

FORGET = """
DROP TRIGGER order_status_moves_legally ON orders_order;
DROP FUNCTION refuse_illegal_status();
"""


class Migration(migrations.Migration):
    """Adds the trigger. When orders.states changes, a new migration replaces the function; a test compares the two."""

    dependencies = [("orders", "0003_roles")]

    operations = [migrations.RunSQL(REFUSE, FORGET)]
