"""PostgreSQL itself refuses a status that may not follow the present one, by the table of orders.states."""

from django.db import migrations

from orders.states import TRANSITIONS

LEGAL_MOVES = ", ".join(
    f"('{current}', '{following}')"
    for current, all_following in TRANSITIONS.items()
    for following in sorted(all_following)
)

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
    """Adds the trigger. When the table of transitions changes, a new migration makes the function anew."""

    dependencies = [("orders", "0003_roles")]

    operations = [migrations.RunSQL(REFUSE, FORGET)]
