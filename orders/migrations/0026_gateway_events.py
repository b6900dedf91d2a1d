"""Creates the inbox of what gateways send; PostgreSQL keeps its rows as they came, but for how each was handled."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


RULES = """
CREATE FUNCTION refuse_change_of_gateway_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.handled_at IS NOT NULL THEN
        RAISE EXCEPTION 'gateway event % was handled and stays as it is', OLD.event_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['handled_at', 'outcome'] <> to_jsonb(OLD) - ARRAY['handled_at', 'outcome'] THEN
        RAISE EXCEPTION 'of gateway event % nothing may change but how it was handled', OLD.event_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER orders_gatewayevent_is_never_emptied BEFORE TRUNCATE ON orders_gatewayevent
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER orders_gatewayevent_is_never_removed BEFORE DELETE ON orders_gatewayevent
FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER gateway_event_is_handled_once BEFORE UPDATE ON orders_gatewayevent
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_gateway_event();
CREATE TRIGGER gateway_event_tells_of_now AFTER INSERT ON orders_gatewayevent
FOR EACH ROW EXECUTE FUNCTION refuse_another_time('received_at');
"""

FORGET = """
DROP TRIGGER orders_gatewayevent_is_never_emptied ON orders_gatewayevent;
DROP TRIGGER orders_gatewayevent_is_never_removed ON orders_gatewayevent;
DROP TRIGGER gateway_event_is_handled_once ON orders_gatewayevent;
DROP TRIGGER gateway_event_tells_of_now ON orders_gatewayevent;
DROP FUNCTION refuse_change_of_gateway_event;
"""


class Migration(migrations.Migration):
    """Creates the table and its rules."""

    dependencies = [
        ("orders", "0025_news_of_carriers"),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewayEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=50)),
                ("event_id", models.CharField(help_text="The gateway's own id of the event.", max_length=255)),
                ("kind", models.CharField(help_text="The gateway's own name for what happened.", max_length=100)),
                ("payload", models.JSONField()),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.CharField(blank=True, db_default="", max_length=16)),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty for what is not about a payment of the console.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gateway_events",
                        to="orders.payment",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        models.F("id"), condition=models.Q(("handled_at__isnull", True)), name="gateway_event_unhandled"
                    ),
                    models.Index(
                        models.F("gateway"),
                        models.OrderBy(models.F("id"), descending=True),
                        name="gateway_event_gateway_newest",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("gateway"), models.F("event_id"), name="gateway_event_is_taken_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("handled_at__isnull", True), ("outcome", "")),
                            models.Q(
                                ("handled_at__isnull", False),
                                ("outcome__in", ["WOKEN", "NOTHING_WAITED", "NO_PAYMENT"]),
                            ),
                            _connector="OR",
                        ),
                        name="gateway_event_has_an_outcome_just_when_handled",
                    ),
                ],
            },
        ),
        migrations.RunSQL(RULES, FORGET),
    ]
