"""Indexes of what lists are filtered by, and of the search among orders that wait or were cancelled.

None is on a column that changes while an order's status stays, so no update of an order costs more than before.
"""

import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates indexes."""

    dependencies = [
        ("orders", "0010_search_cut"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="gatewaymovement",
            index=models.Index(
                models.F("kind"), models.OrderBy(models.F("id"), descending=True), name="gateway_movement_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("reason_code"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("reason_code__gt", "")),
                name="order_reason_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.F("currency"),
                models.OrderBy(models.F("total"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                name="order_largest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("search_document"),
                condition=models.Q(("status", "PENDING_MANUAL_APPROVAL")),
                name="order_search_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                models.F("search_document"), condition=models.Q(("status", "CANCELLED")), name="order_search_cancelled"
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("status"),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("status__in", ["UNDELIVERABLE", "REFUSED"])),
                name="outbox_in_vain",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                models.F("name"), models.OrderBy(models.F("id"), descending=True), name="outbox_name_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                models.F("status"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("payment_id"), descending=True),
                name="payment_status_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                models.F("gateway"),
                models.OrderBy(models.F("created_at"), descending=True),
                models.OrderBy(models.F("payment_id"), descending=True),
                name="payment_gateway_newest",
            ),
        ),
    ]
