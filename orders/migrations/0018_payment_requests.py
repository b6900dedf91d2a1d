"""Payments as gateways know them: what is asked for under a key, and what a gateway may answer.

PostgreSQL binds a payment's key to a hash of what is asked for under it, so that no attempt asks for anything else.
"""

from django.db import migrations, models

# Which status of a payment may follow which.
UNDECIDED = ("PENDING", "UNKNOWN", "REQUIRES_ACTION")
MOVES = (
    *((one, other) for one in UNDECIDED for other in UNDECIDED if one != other),
    *((one, other) for one in UNDECIDED for other in ("AUTHORISED", "CHARGED", "DECLINED", "REFUNDED")),
    ("PENDING", "NOTHING_DUE"),
    ("AUTHORISED", "UNKNOWN"),
    ("AUTHORISED", "CHARGED"),
    ("AUTHORISED", "DECLINED"),
    ("CHARGED", "REFUNDED"),
)
LEGAL_MOVES = ", ".join(f"('{current}', '{following}')" for current, following in MOVES)

FUNCTIONS = f"""
CREATE FUNCTION payment_request_hash(payment_id text, order_id text, amount bigint, currency text, method text)
RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(concat_ws(chr(10), payment_id, order_id, amount, currency, method), 'UTF8')), 'hex')
$$;

CREATE FUNCTION refuse_unbound_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked orders_order%ROWTYPE;
BEGIN
    SELECT * INTO asked FROM orders_order WHERE id = NEW.order_id;
    IF NEW.request_hash IS DISTINCT FROM
        payment_request_hash(NEW.payment_id, asked.order_id, NEW.amount, NEW.currency, asked.payment_method)
    THEN
        RAISE EXCEPTION 'payment % is not bound to what its order asks', NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_unbound_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM orders_payment
        WHERE payment_id = NEW.payment_id AND request_hash NOT IN ('', NEW.request_hash)
    ) THEN
        RAISE EXCEPTION 'the key of payment % is bound to something else than this attempt asks for', NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_payment_method() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_method, NEW.customer_reference) IS DISTINCT FROM (OLD.payment_method, OLD.customer_reference) THEN
        RAISE EXCEPTION 'what order % is paid with never changes', OLD.order_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_undecided_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM orders_payment
        WHERE order_id = NEW.id AND status IN ('UNKNOWN', 'REQUIRES_ACTION', 'AUTHORISED')
    ) THEN
        RAISE EXCEPTION 'order % cannot become CANCELLED while its payment is not closed', NEW.order_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION refuse_change_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.payment_id, NEW.order_id, NEW.amount, NEW.currency, NEW.gateway, NEW.created_at, NEW.request_hash)
        IS DISTINCT FROM
        (OLD.payment_id, OLD.order_id, OLD.amount, OLD.currency, OLD.gateway, OLD.created_at, OLD.request_hash)
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

CREATE OR REPLACE FUNCTION refuse_change_of_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answer CONSTANT text[] := ARRAY['outcome', 'code', 'error', 'finished_at'];
BEGIN
    IF OLD.outcome <> 'UNKNOWN' THEN
        RAISE EXCEPTION 'payment attempt % was answered and stays as it is', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.outcome = 'UNKNOWN' OR to_jsonb(NEW) - answer <> to_jsonb(OLD) - answer THEN
        RAISE EXCEPTION 'of payment attempt % nothing may change but its answer', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE FUNCTION refuse_false_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charge simulated_gateway_movement%ROWTYPE;
    before simulated_gateway_movement%ROWTYPE;
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
    IF NEW.kind = 'REFUND' AND NEW.refund_key <> '' AND EXISTS (
        SELECT FROM simulated_gateway_movement
        WHERE idempotency_key = NEW.idempotency_key AND refund_key = NEW.refund_key AND id <> NEW.id
    ) THEN
        RAISE EXCEPTION 'the gateway gives back once under %, and it was used', NEW.refund_key
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT * INTO before FROM simulated_gateway_movement
        WHERE idempotency_key = NEW.idempotency_key AND id <> NEW.id ORDER BY id LIMIT 1;
    IF before.id IS NOT NULL AND NEW.kind <> 'REFUND' AND (
        (NEW.amount, NEW.currency) <> (before.amount, before.currency)
    ) THEN
        RAISE EXCEPTION 'key % was used for another amount', NEW.idempotency_key USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('CHARGE', 'VOID', 'AUTH') AND EXISTS (
        SELECT FROM simulated_gateway_movement
        WHERE idempotency_key = NEW.idempotency_key AND id <> NEW.id AND (kind <> 'AUTH' OR NEW.kind = 'AUTH')
    ) THEN
        RAISE EXCEPTION 'the gateway charges or voids a key once, and % was used', NEW.idempotency_key
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

TRIGGERS = {
    "payment_key_is_bound_to_what_is_asked": ("AFTER INSERT", "orders_payment", "refuse_unbound_payment"),
    "attempt_asks_what_the_key_is_bound_to": ("AFTER INSERT", "orders_paymentattempt", "refuse_unbound_attempt"),
    "order_keeps_its_payment_method": (
        "BEFORE UPDATE OF payment_method, customer_reference",
        "orders_order",
        "refuse_change_of_payment_method",
    ),
    "order_is_cancelled_once_its_payment_is_closed": (
        "AFTER UPDATE OF status",
        "orders_order",
        "refuse_undecided_payment",
    ),
}
CONDITIONS = {"order_is_cancelled_once_its_payment_is_closed": "WHEN (NEW.status = 'CANCELLED') "}

DROP_FUNCTIONS = f"DROP FUNCTION payment_request_hash, {', '.join(function for *_, function in TRIGGERS.values())}"


class Migration(migrations.Migration):
    """Adds columns, what they may hold, and the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0017_batch_items_wait_for_no_order")]

    operations = [
        migrations.RemoveConstraint(model_name="payment", name="payment_status_is_known"),
        migrations.RemoveConstraint(model_name="paymentattempt", name="payment_attempt_kind_is_known"),
        migrations.RemoveConstraint(model_name="paymentattempt", name="payment_attempt_outcome_is_known"),
        migrations.AddField(
            model_name="gatewaymovement",
            name="refund_key",
            field=models.CharField(
                blank=True, db_default="", help_text="What a refund was asked under.", max_length=150
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="customer_reference",
            field=models.CharField(
                blank=True, db_default="", help_text="What the shop or the gateway calls the customer.", max_length=100
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="authorised_until",
            field=models.DateTimeField(blank=True, help_text="Until when the gateway holds the money.", null=True),
        ),
        migrations.AddField(
            model_name="payment",
            name="request_hash",
            field=models.CharField(
                blank=True,
                db_default="",
                editable=False,
                help_text="A hash of what the gateway is asked for under the key. Empty for older payments.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="paymentattempt",
            name="code",
            field=models.CharField(blank=True, db_default="", help_text="The gateway's own code.", max_length=64),
        ),
        migrations.AddField(
            model_name="paymentattempt",
            name="request_hash",
            field=models.CharField(
                blank=True, db_default="", editable=False, help_text="A hash of what was asked for.", max_length=64
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    status__in=[
                        *("PENDING", "UNKNOWN", "REQUIRES_ACTION", "AUTHORISED"),
                        *("CHARGED", "REFUNDED", "DECLINED", "NOTHING_DUE"),
                    ]
                ),
                name="payment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(kind__in=["CHARGE", "AUTH", "CAPTURE", "VOID", "REFUND"]),
                name="payment_attempt_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(outcome__in=["UNKNOWN", "SUCCEEDED", "PENDING", "DECLINED", "FAILED"]),
                name="payment_attempt_outcome_is_known",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {name} {event} ON {table} FOR EACH ROW "
                f"{CONDITIONS.get(name, '')}EXECUTE FUNCTION {function}()",
                f"DROP TRIGGER {name} ON {table}",
            )
            for name, (event, table, function) in TRIGGERS.items()
        ),
    ]
