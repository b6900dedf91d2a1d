"""Indexes of what the list of orders is filtered by, beside those of 0011. None is on a column that ever changes."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates indexes."""

    dependencies = [
        ("orders", "0011_indexes_of_filters"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(models.F("taken_at"), name="decision_taken"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                django.db.models.functions.text.Upper("actor"), models.F("taken_at"), name="decision_actor_taken"
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(models.F("channel"), models.F("taken_at"), name="decision_channel_taken"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                models.F("reason_code"),
                models.F("taken_at"),
                condition=models.Q(("reason_code__gt", "")),
                name="decision_reason_taken",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                django.db.models.functions.text.Upper("customer_email"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="order_customer_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                django.db.models.functions.text.Upper("submitted_by"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="order_submitter_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(models.F("status"), models.F("payment"), name="refund_status"),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(models.F("status"), models.F("order"), name="shipment_status"),
        ),
    ]
