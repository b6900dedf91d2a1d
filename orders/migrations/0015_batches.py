"""Creates the tables of batches: one decision on many orders."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates two tables."""

    dependencies = [
        ("orders", "0014_rules_of_approvals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("batch_id", models.CharField(help_text="Also the id of its workflow.", max_length=64, unique=True)),
                ("kind", models.CharField(max_length=16)),
                ("reason_code", models.CharField(blank=True, max_length=32)),
                ("reason", models.TextField(blank=True)),
                ("actor", models.CharField(max_length=150)),
                ("actor_account_id", models.BigIntegerField()),
                ("channel", models.CharField(max_length=16)),
                (
                    "query",
                    models.TextField(
                        blank=True, help_text="The list's query that chose the orders; empty for ticked ones."
                    ),
                ),
                ("total", models.PositiveIntegerField(help_text="How many orders were chosen.")),
                ("state", models.CharField(default="RUNNING", max_length=16)),
                (
                    "is_right_lost",
                    models.BooleanField(
                        default=False, help_text="It stopped because its owner may not decide any more."
                    ),
                ),
                (
                    "changed_by",
                    models.CharField(blank=True, help_text="Who paused, resumed or stopped it last.", max_length=150),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "wake_due_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="Since when its workflow has to be started or woken; empty when it was.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "batches",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        models.F("wake_due_at"),
                        condition=models.Q(("wake_due_at__isnull", False)),
                        name="batch_to_wake",
                    ),
                    models.Index(models.F("id"), condition=models.Q(("state", "RUNNING")), name="batch_running"),
                    models.Index(
                        models.F("actor_account_id"),
                        models.OrderBy(models.F("id"), descending=True),
                        name="batch_of_account_newest",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["approve", "cancel"])), name="batch_kind_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["RUNNING", "PAUSED"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["STOPPED", "DONE"])),
                            _connector="OR",
                        ),
                        name="batch_has_ended_when_it_is_stopped_or_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("total__gt", 0), ("total__lte", 10000)), name="batch_has_1_to_10000_orders"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_right_lost", False), ("state", "STOPPED"), _connector="OR"),
                        name="batch_stops_when_the_right_is_lost",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BatchItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("result", models.CharField(blank=True, max_length=32)),
                (
                    "decided_by",
                    models.CharField(blank=True, help_text="Who had decided the order before.", max_length=150),
                ),
                ("decided_as", models.CharField(blank=True, max_length=16)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="orders.batch",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(
                        models.F("batch"), models.F("id"), condition=models.Q(("result", "")), name="batch_item_pending"
                    ),
                    models.Index(models.F("batch"), models.F("result"), models.F("id"), name="batch_item_by_result"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "order"), name="batch_has_an_order_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_at__isnull", True), ("result", "")),
                            models.Q(("done_at__isnull", False), ("result__gt", "")),
                            _connector="OR",
                        ),
                        name="batch_item_has_a_time_when_it_has_a_result",
                    ),
                ],
            },
        ),
    ]
