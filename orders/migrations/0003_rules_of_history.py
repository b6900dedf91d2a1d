"""PostgreSQL keeps what was written: history, decisions, attempts and money are added to and answered, never rewritten."""

from django.db import migrations

# No row of these tables is ever removed.
KEPT = (
    "orders_order",
    "orders_orderline",
    "orders_orderevent",
    "orders_decision",
    "orders_payment",
    "orders_paymentattempt",
    "orders_refund",
    "orders_shipment",
    "orders_outboxmessage",
    "simulated_gateway_movement",
    "simulated_carrier_booking",
)
# Nor is a row of these ever changed.
APPEND_ONLY = ("orders_orderevent", "simulated_gateway_movement")
# When a row says that something happened, it happened in the transaction that writes it. What is inserted is judged
# after it, so that INSERT ... ON CONFLICT DO NOTHING may offer a row that is there already.
TIMED = {
    "orders_orderevent": "at",
    "orders_decision": "taken_at",
    "orders_paymentattempt": "started_at",
    "orders_refund": "requested_at",
}

FUNCTIONS = """
CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION refuse_another_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) ->> TG_ARGV[0])::timestamptz NOT BETWEEN transaction_timestamp() AND clock_timestamp() THEN
        RAISE EXCEPTION 'a row of % tells of now, not of another time', TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
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

CREATE FUNCTION refuse_own_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT NEW.is_own_order AND EXISTS (
        SELECT FROM orders_order WHERE id = NEW.order_id AND submitter_account_id = NEW.actor_account_id
    ) THEN
        RAISE EXCEPTION 'decision % approves an order that the same account submitted, and does not say so',
            NEW.decision_id USING ERRCODE = 'check_violation';
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
    IF NEW.outcome = 'UNKNOWN'
        OR to_jsonb(NEW) - ARRAY['outcome', 'error', 'finished_at'] <> to_jsonb(OLD) - ARRAY['outcome', 'error', 'finished_at']
    THEN
        RAISE EXCEPTION 'of payment attempt % nothing may change but its answer', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

DROP_FUNCTIONS = """
DROP FUNCTION refuse_change_of_history, refuse_removal, refuse_another_time, refuse_change_of_decision,
    refuse_own_approval, refuse_change_of_attempt
"""


def trigger(name: str, when: str, table: str, run: str, *, each: str = "ROW", only: str = "") -> migrations.RunSQL:
    """Return the operation that makes a trigger."""
    condition = f"WHEN ({only}) " if only else ""
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} {when} ON {table} FOR EACH {each} {condition}EXECUTE FUNCTION {run}",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0002_tables")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *(
            trigger(f"{table}_is_never_emptied", "BEFORE TRUNCATE", table, "refuse_removal()", each="STATEMENT")
            for table in KEPT
        ),
        *(trigger(f"{table}_is_never_removed", "BEFORE DELETE", table, "refuse_removal()") for table in KEPT),
        *(
            trigger(f"{table}_is_append_only", "BEFORE UPDATE", table, "refuse_change_of_history()")
            for table in APPEND_ONLY
        ),
        *(
            trigger(f"{table}_tells_of_now", "AFTER INSERT", table, f"refuse_another_time('{column}')")
            for table, column in TIMED.items()
        ),
        trigger("decision_is_answered_once", "BEFORE UPDATE", "orders_decision", "refuse_change_of_decision()"),
        trigger(
            "nobody_approves_their_own_order_unnoticed",
            "AFTER INSERT",
            "orders_decision",
            "refuse_own_approval()",
            only="NEW.kind = 'approve' AND NEW.actor_account_id IS NOT NULL",
        ),
        trigger("attempt_is_answered_once", "BEFORE UPDATE", "orders_paymentattempt", "refuse_change_of_attempt()"),
    ]
