"""PostgreSQL itself keeps what was written: history, decisions, attempts, payments, and what an order asks for."""

from django.db import migrations

# Nobody empties these tables, and no row of them is removed.
KEPT = (
    "orders_order",
    "orders_orderline",
    "orders_orderevent",
    "orders_decision",
    "orders_payment",
    "orders_paymentattempt",
    "simulated_gateway_movement",
)
# Their rows are refused removal by an older trigger.
REFUSED_BEFORE = ("orders_orderevent", "simulated_gateway_movement")

FUNCTIONS = """
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION refuse_change_of_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.outcome <> 'PENDING' THEN
        RAISE EXCEPTION 'decision % was answered and stays as it is', OLD.decision_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['outcome', 'answered_at'] <> to_jsonb(OLD) - ARRAY['outcome', 'answered_at'] THEN
        RAISE EXCEPTION 'of decision % nothing may change but its answer', OLD.decision_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.outcome <> 'UNKNOWN' THEN
        RAISE EXCEPTION 'payment attempt % was answered and stays as it is', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['outcome', 'error', 'finished_at'] <> to_jsonb(OLD) - ARRAY['outcome', 'error', 'finished_at']
    THEN
        RAISE EXCEPTION 'of payment attempt % nothing may change but its answer', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_id, NEW.order_id, NEW.amount, NEW.currency)
        IS DISTINCT FROM (OLD.payment_id, OLD.order_id, OLD.amount, OLD.currency)
    THEN
        RAISE EXCEPTION 'key, order, amount and currency of payment % never change', OLD.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.order_id, NEW.payment_id, NEW.total, NEW.currency)
        IS DISTINCT FROM (OLD.order_id, OLD.payment_id, OLD.total, OLD.currency)
    THEN
        RAISE EXCEPTION 'ids, total and currency of order % never change', OLD.order_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (SELECT status FROM orders_order WHERE id = NEW.order_id) <> 'CREATED' THEN
            RAISE EXCEPTION 'an order gets no more lines once it was submitted' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the lines of an order never change' USING ERRCODE = 'restrict_violation';
END
$$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION refuse_removal, refuse_change_of_decision, refuse_change_of_attempt, refuse_change_of_payment,
    refuse_change_of_order, refuse_change_of_line;
"""

# Table, when it fires, for each what, and what it runs.
TRIGGERS = {
    **{f"{table}_is_never_emptied": (table, "TRUNCATE", "STATEMENT", "refuse_removal") for table in KEPT},
    **{
        f"{table}_is_never_removed": (table, "DELETE", "ROW", "refuse_removal")
        for table in KEPT
        if table not in REFUSED_BEFORE
    },
    "decision_is_answered_once": ("orders_decision", "UPDATE", "ROW", "refuse_change_of_decision"),
    "attempt_is_answered_once": ("orders_paymentattempt", "UPDATE", "ROW", "refuse_change_of_attempt"),
    "payment_stays_what_it_is_for": ("orders_payment", "UPDATE", "ROW", "refuse_change_of_payment"),
    "order_stays_what_was_asked": (
        "orders_order",
        "UPDATE OF order_id, payment_id, total, currency",
        "ROW",
        "refuse_change_of_order",
    ),
    "order_keeps_its_lines": ("orders_orderline", "INSERT OR UPDATE", "ROW", "refuse_change_of_line"),
}


class Migration(migrations.Migration):
    """Adds the triggers."""

    dependencies = [("orders", "0018_idempotency_keys_remember_contents")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
                f"DROP TRIGGER {name} ON {table}",
            )
            for name, (table, event, each, function) in TRIGGERS.items()
        ),
    ]
