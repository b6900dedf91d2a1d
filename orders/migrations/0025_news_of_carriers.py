"""What carriers tell of parcels: each message once, and what a shipment's parcel came to."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

TABLE = "orders_carriernotice"
TRIGGERS = (
    (f"{TABLE}_is_never_emptied", "BEFORE TRUNCATE", "STATEMENT", "refuse_removal()"),
    (f"{TABLE}_is_never_removed", "BEFORE DELETE", "ROW", "refuse_removal()"),
    (f"{TABLE}_is_append_only", "BEFORE UPDATE", "ROW", "refuse_change_of_history()"),
    (f"{TABLE}_tells_of_now", "AFTER INSERT", "ROW", "refuse_another_time('received_at')"),
)


class Migration(migrations.Migration):
    """Creates the table, with the triggers that keep it, and adds the columns."""

    dependencies = [("orders", "0024_written_at_once")]

    operations = [
        migrations.AddField(
            model_name="shipment",
            name="delivery",
            field=models.CharField(blank=True, db_default="", max_length=16),
        ),
        migrations.AddField(
            model_name="shipment",
            name="delivery_at",
            field=models.DateTimeField(blank=True, help_text="By the carrier's clock.", null=True),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("tracking_number__gt", "")), fields=["tracking_number"], name="shipment_tracking"
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivery", ""), ("delivery_at__isnull", True)),
                    models.Q(("delivery__in", ["DELIVERED", "RETURNED", "FAILED"]), ("delivery_at__isnull", False)),
                    _connector="OR",
                ),
                name="shipment_has_a_time_of_delivery_just_when_told",
            ),
        ),
        migrations.CreateModel(
            name="CarrierNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(max_length=50)),
                ("event_id", models.CharField(max_length=100)),
                ("status", models.CharField(help_text="In the carrier's own words.", max_length=100)),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="orders.shipment"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("carrier", "event_id"), name="carrier_notice_is_taken_once")
                ],
            },
        ),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {name} {event} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION {function}",
                f"DROP TRIGGER {name} ON {TABLE}",
            )
            for name, event, each, function in TRIGGERS
        ),
    ]
