"""An order gets no line once its submission is written down, and a payment stays with its gateway."""

from django.db import migrations

REFUSE_LINES = """
CREATE OR REPLACE FUNCTION refuse_change_of_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM orders_orderevent WHERE order_id = NEW.order_id) THEN
            RAISE EXCEPTION 'an order gets no more lines once it was submitted' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the lines of an order never change' USING ERRCODE = 'restrict_violation';
END
$$;
"""
REFUSE_PAYMENT = """
CREATE OR REPLACE FUNCTION refuse_change_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_id, NEW.order_id, NEW.amount, NEW.currency, NEW.gateway)
        IS DISTINCT FROM (OLD.payment_id, OLD.order_id, OLD.amount, OLD.currency, OLD.gateway)
    THEN
        RAISE EXCEPTION 'key, order, amount, currency and gateway of payment % never change', OLD.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    """Replaces both functions; the triggers stay."""

    dependencies = [("orders", "0021_write_probe_is_emptied_by_all")]

    operations = [
        migrations.RunSQL(REFUSE_LINES, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSE_PAYMENT, migrations.RunSQL.noop),
    ]
