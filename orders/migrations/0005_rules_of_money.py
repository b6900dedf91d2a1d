"""PostgreSQL keeps the rules of money: one charge per order and of its total, and refunds that never exceed it."""

from django.db import migrations

# Which status of a payment may follow which. A payment that was never known to be charged may turn out, by its refund,
# to have been.
MOVES = (
    ("PENDING", "CHARGED"),
    ("PENDING", "DECLINED"),
    ("PENDING", "REFUNDED"),
    ("PENDING", "NOTHING_DUE"),
    ("CHARGED", "REFUNDED"),
)
LEGAL_MOVES = ", ".join(f"('{current}', '{following}')" for current, following in MOVES)

FUNCTIONS = f"""
CREATE FUNCTION refuse_another_amount() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked orders_order%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM orders_order WHERE id = NEW.order_id;
    IF (NEW.payment_id, NEW.amount, NEW.currency) IS DISTINCT FROM (asked.payment_id, asked.total, asked.currency) THEN
        RAISE EXCEPTION 'payment % has to be of % % as its order asks', NEW.payment_id, asked.total, asked.currency
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status NOT IN ('PENDING', 'NOTHING_DUE') THEN
        RAISE EXCEPTION 'payment % has to begin as PENDING', NEW.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_id, NEW.order_id, NEW.amount, NEW.currency, NEW.gateway, NEW.created_at)
        IS DISTINCT FROM (OLD.payment_id, OLD.order_id, OLD.amount, OLD.currency, OLD.gateway, OLD.created_at)
    THEN
        RAISE EXCEPTION 'key, order, amount, currency and gateway of payment % never change', OLD.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.gateway_reference <> '' AND NEW.gateway_reference <> OLD.gateway_reference THEN
        RAISE EXCEPTION 'the reference of payment % never changes', OLD.payment_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN ({LEGAL_MOVES}) THEN
        RAISE EXCEPTION 'a payment that is % cannot become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_refund_beyond_charge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charged orders_payment%ROWTYPE;
    given_back numeric;
BEGIN
    -- A transaction with a view of an earlier moment would not see a refund that another one has just written.
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'refunds are only written in read committed transactions' USING ERRCODE = 'check_violation';
    END IF;
    -- Two refunds at once wait for each other here.
    SELECT * INTO charged FROM orders_payment WHERE payment_id = NEW.payment_id FOR UPDATE;
    IF charged.status NOT IN ('PENDING', 'CHARGED') OR NEW.status <> 'PENDING' THEN
        RAISE EXCEPTION 'payment % is %, and nothing of it can be refunded', NEW.payment_id, charged.status
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT coalesce(sum(amount), 0) INTO given_back  -- with this one
        FROM orders_refund WHERE payment_id = NEW.payment_id AND status IN ('PENDING', 'SUCCEEDED');
    IF NEW.currency <> charged.currency OR given_back > charged.amount THEN
        RAISE EXCEPTION 'the refunds of payment % would exceed its charge of % %',
            NEW.payment_id, charged.amount, charged.currency USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'PENDING' THEN
        RAISE EXCEPTION 'refund % was answered and stays as it is', OLD.key USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['status', 'gateway_reference', 'finished_at']
        <> to_jsonb(OLD) - ARRAY['status', 'gateway_reference', 'finished_at']
    THEN
        RAISE EXCEPTION 'of refund % nothing may change but its answer', OLD.key USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_false_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charge simulated_gateway_movement%ROWTYPE;
BEGIN
    -- Movements of one key follow one another, as in the gateway's own code.
    PERFORM pg_advisory_xact_lock(hashtextextended('gateway:' || NEW.idempotency_key, 0));
    SELECT * INTO charge FROM simulated_gateway_movement
        WHERE idempotency_key = NEW.idempotency_key AND kind = 'CHARGE';
    IF NEW.kind = 'REFUND' AND (
        charge.id IS NULL OR NEW.currency <> charge.currency OR charge.amount < (
            SELECT sum(amount) FROM simulated_gateway_movement
            WHERE idempotency_key = NEW.idempotency_key AND kind = 'REFUND'
        )
    ) THEN
        RAISE EXCEPTION 'the gateway gives back no more than it took under %', NEW.idempotency_key
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('CHARGE', 'VOID') AND EXISTS (
        SELECT FROM simulated_gateway_movement WHERE idempotency_key = NEW.idempotency_key AND id <> NEW.id
    ) THEN
        RAISE EXCEPTION 'the gateway charges or voids a key once, and % was used', NEW.idempotency_key
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

# What is inserted is judged after it, so that INSERT ... ON CONFLICT DO NOTHING may offer a row that is there already.
TRIGGERS = {
    "payment_is_of_what_its_order_asks": ("AFTER INSERT", "orders_payment", "refuse_another_amount"),
    "payment_stays_what_it_is_for": ("BEFORE UPDATE", "orders_payment", "refuse_change_of_payment"),
    "refunds_never_exceed_the_charge": ("AFTER INSERT", "orders_refund", "refuse_refund_beyond_charge"),
    "refund_is_answered_once": ("BEFORE UPDATE", "orders_refund", "refuse_change_of_refund"),
    "gateway_moves_money_once": ("AFTER INSERT", "simulated_gateway_movement", "refuse_false_movement"),
}

DROP_FUNCTIONS = f"DROP FUNCTION {', '.join(function for _, _, function in TRIGGERS.values())}"


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0004_rules_of_orders")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
                f"DROP TRIGGER {name} ON {table}",
            )
            for name, (event, table, function) in TRIGGERS.items()
        ),
        # Whoever writes the probe's row may empty its table, so that a role that owns nothing still notices a disk
        # without room. The table holds nothing but the time of the last look.
        migrations.RunSQL(
            "GRANT TRUNCATE ON orders_writeprobe TO PUBLIC", "REVOKE TRUNCATE ON orders_writeprobe FROM PUBLIC"
        ),
    ]
