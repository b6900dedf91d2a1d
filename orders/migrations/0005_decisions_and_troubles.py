"""Adds decisions with what became of them, and troubles; orders that were decided before get their row."""

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Q

TROUBLES = [
    ("CHARGE_UNRESOLVED", "The payment gateway gives no answer"),
    ("REFUND_UNRESOLVED", "The payment gateway does not confirm the refund"),
    ("SHIPMENT_UNRESOLVED", "The warehouse or the carrier gives no answer"),
    ("CHECK_UNRESOLVED", "The order cannot be checked"),
    ("RUN_FAILING", "The order's workflow cannot go on"),
    ("RUN_PAUSED", "The order's workflow is paused in Temporal"),
    ("RUN_LOST", "The order's workflow keeps ending before the order does"),
    ("MONEY_TAKEN", "The gateway took the money, and no approval is known"),
]
OUTCOMES = [
    ("PENDING", "Being checked"),
    ("ACCEPTED", "Accepted"),
    ("REPEATED", "Had been decided before"),
    ("TOO_LATE", "Too late"),
]


def write_decisions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each order's latest decision its row; those of open orders are still to be answered."""
    orders, decisions = apps.get_model("orders", "Order"), apps.get_model("orders", "Decision")
    for order in orders.objects.exclude(decision="").defer("search_document").iterator():
        event = order.events.filter(key=f"decision:{order.decision_id}").first()
        is_final = order.status in {"COMPLETED", "CANCELLED"}
        decisions.objects.create(
            decision_id=order.decision_id,
            order=order,
            kind=order.decision,
            actor=order.decided_by,
            channel="CONSOLE",
            reason=event.detail if event else "",
            taken_at=order.decided_at,
            outcome="ACCEPTED" if is_final else "PENDING",
            answered_at=order.updated_at if is_final else None,
        )


class Migration(migrations.Migration):
    """Makes both tables."""

    dependencies = [("orders", "0004_status_moves_legally")]

    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("decision_id", models.CharField(max_length=64, unique=True)),
                ("kind", models.CharField(choices=[("approve", "Approve"), ("cancel", "Cancel")], max_length=8)),
                ("actor", models.CharField(max_length=150)),
                (
                    "channel",
                    models.CharField(
                        choices=[("CONSOLE", "Console"), ("TERMINAL", "Terminal"), ("TEMPORAL", "Temporal")],
                        max_length=16,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("taken_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("outcome", models.CharField(choices=OUTCOMES, default="PENDING", max_length=16)),
                (
                    "answered_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the order's workflow answered; a decision counts from its row on.",
                        null=True,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(models.F("taken_at"), condition=Q(outcome="PENDING"), name="decision_unanswered")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(outcome="PENDING", answered_at__isnull=True)
                        | (Q(outcome__in=["ACCEPTED", "REPEATED", "TOO_LATE"]) & Q(answered_at__isnull=False)),
                        name="decision_has_a_time_just_when_answered",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Trouble",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(choices=TROUBLES, max_length=32)),
                ("detail", models.TextField(blank=True)),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="troubles", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=["order", "code"], name="order_has_each_trouble_once")],
            },
        ),
        migrations.RunPython(write_decisions, migrations.RunPython.noop),
    ]
