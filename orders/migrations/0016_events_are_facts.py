"""Events are a kind with data instead of sentences. Those of earlier versions, never released, keep their sentences."""

from django.db import migrations, models

KINDS = [
    "order.submitted",
    "order.validated",
    "order.awaiting_approval",
    "order.charging",
    "order.paid",
    "order.package_prepared",
    "order.dispatched",
    "order.completed",
    "order.cancelling",
    "order.cancelled",
    "decision.approved",
    "decision.cancellation_requested",
    "decision.too_late",
    "payment.charged",
    "payment.declined",
    "payment.charge_found",
    "payment.nothing_to_charge",
    "payment.refunded",
    "payment.closed_uncharged",
    "payment.nothing_to_refund",
    "shipment.parcel_found",
    "run.started",
    "run.replaced",
    "run.refused",
    "step.failed",
    "trouble.began",
    "trouble.ended",
]

KEEP_SENTENCES = """
ALTER TABLE orders_orderevent DISABLE TRIGGER orders_orderevent_is_append_only;
UPDATE orders_orderevent SET kind = 'earlier', data = jsonb_build_object('title', title, 'detail', detail);
ALTER TABLE orders_orderevent ENABLE TRIGGER orders_orderevent_is_append_only;
"""


class Migration(migrations.Migration):
    """Changes the table."""

    dependencies = [("orders", "0015_search_finds_what_is_shown")]

    operations = [
        migrations.AddField(
            "orderevent",
            "kind",
            models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=40, default="earlier"),
            preserve_default=False,
        ),
        migrations.AddField(
            "orderevent",
            "data",
            models.JSONField(default=dict, help_text="The facts that orders.events names for the kind; never words."),
        ),
        migrations.RunSQL(KEEP_SENTENCES, migrations.RunSQL.noop),
        migrations.RemoveField("orderevent", "title"),
        migrations.RemoveField("orderevent", "detail"),
        migrations.RemoveField("orderevent", "status"),
        migrations.AlterField(
            "decision",
            "outcome",
            models.CharField(
                choices=[
                    ("PENDING", "Being checked"),
                    ("ACCEPTED", "Accepted"),
                    ("REPEATED", "Already decided"),
                    ("TOO_LATE", "Too late"),
                ],
                default="PENDING",
                max_length=16,
            ),
        ),
    ]
