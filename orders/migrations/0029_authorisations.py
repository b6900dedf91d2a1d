"""Payments that the shop had authorised: captured with the approval, or released, and never used for two orders.

PostgreSQL lets a payment be released only once the gateway has said so, and an order wait no longer than its money is
held.
"""

from django.db import migrations, models

# Which status of a payment may follow which, before and from now on.
UNDECIDED = ("PENDING", "UNKNOWN", "REQUIRES_ACTION")
MOVES_BEFORE = (
    *((one, other) for one in UNDECIDED for other in UNDECIDED if one != other),
    *((one, other) for one in UNDECIDED for other in ("AUTHORISED", "CHARGED", "DECLINED", "REFUNDED")),
    ("PENDING", "NOTHING_DUE"),
    ("AUTHORISED", "UNKNOWN"),
    ("AUTHORISED", "CHARGED"),
    ("AUTHORISED", "DECLINED"),
    ("CHARGED", "REFUNDED"),
)
MOVES = (*MOVES_BEFORE, *((one, "RELEASED") for one in (*UNDECIDED, "AUTHORISED")))
STATUSES = (
    *("PENDING", "UNKNOWN", "REQUIRES_ACTION", "AUTHORISED", "RELEASED"),
    *("CHARGED", "REFUNDED", "DECLINED", "NOTHING_DUE"),
)


def write_rule(moves: tuple[tuple[str, str], ...], more: str = "") -> str:
    """Return the function that says how a payment may change."""
    legal = ", ".join(f"('{current}', '{following}')" for current, following in moves)
    return f"""
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
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN ({legal}) THEN
        RAISE EXCEPTION 'a payment that is % cannot become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;{more}
    RETURN NEW;
END
$$;
"""


RELEASED_BY_THE_GATEWAY = """
    IF OLD.authorised_until IS NOT NULL AND NEW.authorised_until IS DISTINCT FROM OLD.authorised_until THEN
        RAISE EXCEPTION 'until when payment % is held never changes', OLD.payment_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'RELEASED' AND OLD.status <> 'RELEASED' AND NOT EXISTS (
        SELECT FROM orders_paymentattempt
        WHERE payment_id = NEW.payment_id AND kind = 'VOID' AND outcome = 'SUCCEEDED'
    ) THEN
        RAISE EXCEPTION 'payment % is released once its gateway has said so', NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;"""

WAITING = """
CREATE FUNCTION refuse_to_wait_beyond_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM orders_payment WHERE order_id = NEW.id AND authorised_until <= NEW.approval_deadline
    ) THEN
        RAISE EXCEPTION 'order % would wait longer than its money is held', NEW.order_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
"""


class Migration(migrations.Migration):
    """Adds a status, constraints, and a trigger that is named as the sentence it keeps true."""

    dependencies = [("orders", "0027_webhooks")]

    operations = [
        migrations.RemoveConstraint(model_name="payment", name="payment_status_is_known"),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(status__in=list(STATUSES)), name="payment_status_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=["gateway", "gateway_reference"],
                condition=models.Q(authorised_until__isnull=False),
                name="authorisation_is_of_one_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(authorised_until__isnull=True) | models.Q(gateway_reference__gt=""),
                name="payment_that_is_held_has_a_reference",
            ),
        ),
        migrations.RunSQL(write_rule(MOVES, RELEASED_BY_THE_GATEWAY), write_rule(MOVES_BEFORE)),
        migrations.RunSQL(WAITING, "DROP FUNCTION refuse_to_wait_beyond_hold"),
        migrations.RunSQL(
            "CREATE TRIGGER order_is_decided_while_its_money_is_held AFTER UPDATE OF approval_deadline ON orders_order "
            "FOR EACH ROW WHEN (NEW.approval_deadline IS NOT NULL) EXECUTE FUNCTION refuse_to_wait_beyond_hold()",
            "DROP TRIGGER order_is_decided_while_its_money_is_held ON orders_order",
        ),
    ]
