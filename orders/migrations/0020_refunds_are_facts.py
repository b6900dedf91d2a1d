"""Refunds are facts of their own, apart from the cancellation that asks for one; together they never exceed the charge."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION refuse_refund_beyond_charge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charged orders_payment%ROWTYPE;
    given_back bigint;
BEGIN
    -- Two refunds at once wait for each other here.
    SELECT * INTO charged FROM orders_payment WHERE payment_id = NEW.payment_id FOR UPDATE;
    SELECT coalesce(sum(amount), 0) INTO given_back
        FROM orders_refund WHERE payment_id = NEW.payment_id AND status <> 'CLOSED';
    IF NEW.currency <> charged.currency OR given_back + NEW.amount > charged.amount THEN
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
"""

DROP_FUNCTIONS = "DROP FUNCTION refuse_refund_beyond_charge, refuse_change_of_refund"

TRIGGERS = {
    "refunds_never_exceed_the_charge": ("INSERT", "ROW", "refuse_refund_beyond_charge"),
    "refund_is_answered_once": ("UPDATE", "ROW", "refuse_change_of_refund"),
    "refund_is_never_removed": ("DELETE", "ROW", "refuse_removal"),
    "refunds_are_never_emptied": ("TRUNCATE", "STATEMENT", "refuse_removal"),
}

WRITE_EARLIER_REFUNDS = """
INSERT INTO orders_refund (payment_id, key, amount, currency, reason_code, reason, requested_by, channel, status,
                           gateway_reference, requested_at, finished_at)
SELECT p.payment_id, 'cancellation:' || p.payment_id, p.amount, p.currency, o.reason_code, o.reason, '', '', 'SUCCEEDED',
       p.gateway_reference, p.updated_at, p.updated_at
FROM orders_payment AS p JOIN orders_order AS o ON o.id = p.order_id
WHERE p.status = 'REFUNDED' AND p.amount > 0
"""


class Migration(migrations.Migration):
    """Makes the table with its rules, and gives refunds from before it their rows."""

    dependencies = [
        ("orders", "0019_what_is_written_stays"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(help_text="A repeated step asks under the same key.", max_length=150, unique=True),
                ),
                ("amount", models.BigIntegerField(help_text="In the currency's minor unit.")),
                ("currency", models.CharField(help_text="Three letters by ISO 4217.", max_length=3)),
                (
                    "reason_code",
                    models.CharField(
                        choices=[
                            ("STAFF", "Cancelled by staff"),
                            ("APPROVAL_TIMEOUT", "Not approved in time"),
                            ("INVALID", "Not a valid order"),
                            ("PAYMENT_DECLINED", "Payment declined"),
                            ("SHIPPING_FAILED", "Could not be shipped"),
                        ],
                        max_length=32,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "requested_by",
                    models.CharField(blank=True, help_text="Empty for the workflow itself.", max_length=150),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("CONSOLE", "Console"),
                            ("API", "API"),
                            ("TERMINAL", "Terminal"),
                            ("TEMPORAL", "Temporal"),
                            ("POLICY", "Policy"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("PENDING", "Asked for"),
                            ("SUCCEEDED", "Given back"),
                            ("CLOSED", "Nothing to give back"),
                        ],
                        default="PENDING",
                        max_length=16,
                    ),
                ),
                ("gateway_reference", models.CharField(blank=True, max_length=100)),
                ("requested_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="orders.payment"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount_is_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at__isnull", True), ("status", "PENDING")),
                            models.Q(("status__in", ["SUCCEEDED", "CLOSED"]), ("finished_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="refund_has_a_time_just_when_answered",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {name} BEFORE {event} ON orders_refund FOR EACH {each} EXECUTE FUNCTION {function}()",
                f"DROP TRIGGER {name} ON orders_refund",
            )
            for name, (event, each, function) in TRIGGERS.items()
        ),
        migrations.RunSQL(WRITE_EARLIER_REFUNDS, migrations.RunSQL.noop),
    ]
