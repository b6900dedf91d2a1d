"""What people do about refunds that the gateway refused for good: written once, and never rewritten."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

TABLE = "orders_refundfollowup"
FUNCTION = """
CREATE FUNCTION refuse_follow_up_of_no_failure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM orders_refund WHERE id = NEW.refund_id AND status = 'FAILED') THEN
        RAISE EXCEPTION 'refund % did not fail, so that nothing is done about it', NEW.refund_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (
        SELECT FROM orders_refund AS one JOIN orders_refund AS other ON other.id = NEW.again_id
        WHERE one.id = NEW.refund_id AND (one.payment_id, one.amount) <> (other.payment_id, other.amount)
    ) THEN
        RAISE EXCEPTION 'refund % is tried again as another one', NEW.refund_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
"""
TRIGGERS = (
    (f"{TABLE}_is_never_emptied", "BEFORE TRUNCATE", "STATEMENT", "refuse_removal()"),
    (f"{TABLE}_is_never_removed", "BEFORE DELETE", "ROW", "refuse_removal()"),
    (f"{TABLE}_is_append_only", "BEFORE UPDATE", "ROW", "refuse_change_of_history()"),
    (f"{TABLE}_tells_of_now", "AFTER INSERT", "ROW", "refuse_another_time('at')"),
    ("follow_up_is_of_a_refund_that_failed", "AFTER INSERT", "ROW", "refuse_follow_up_of_no_failure()"),
)


class Migration(migrations.Migration):
    """Creates the table, with the triggers that keep it."""

    dependencies = [("orders", "0021_idempotent_requests")]

    operations = [
        migrations.CreateModel(
            name="RefundFollowUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=8)),
                ("note", models.TextField(blank=True)),
                ("actor", models.CharField(max_length=150)),
                (
                    "actor_account_id",
                    models.BigIntegerField(help_text="Empty for somebody at the terminal.", null=True),
                ),
                ("channel", models.CharField(max_length=16)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "again",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.refund",
                    ),
                ),
                (
                    "refund",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="follow_up", to="orders.refund"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("again__isnull", False), ("kind", "AGAIN")),
                            models.Q(("again__isnull", True), ("kind", "SETTLED"), ("note__gt", "")),
                            _connector="OR",
                        ),
                        name="follow_up_names_a_refund_or_says_why",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION refuse_follow_up_of_no_failure"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {name} {event} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION {function}",
                f"DROP TRIGGER {name} ON {TABLE}",
            )
            for name, event, each, function in TRIGGERS
        ),
    ]
