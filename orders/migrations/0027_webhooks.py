"""Creates webhooks: whom to call, what is to be told, and every call. Deliveries are removed after a time."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0026_gateway_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField(help_text="The event's place in the feed.")),
                ("status", models.CharField(default="PENDING", max_length=16)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "event",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.orderevent",
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
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "status_code",
                    models.PositiveSmallIntegerField(help_text="Empty when there was no answer.", null=True),
                ),
                ("detail", models.TextField(blank=True, help_text="How the answer began, or why there was none.")),
                ("milliseconds", models.PositiveIntegerField()),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="log", to="orders.webhookdelivery"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500, verbose_name="URL")),
                (
                    "secret",
                    models.CharField(editable=False, help_text="Signs the calls; it is shown once.", max_length=100),
                ),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        help_text="Kinds of events; empty for all.",
                        size=None,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("created_by", models.CharField(editable=False, max_length=150)),
                (
                    "position",
                    models.BigIntegerField(
                        editable=False, help_text="Up to where in the feed its deliveries are written."
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("pause_reason", models.CharField(blank=True, db_default="", editable=False, max_length=16)),
                ("failing_since", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "failures",
                    models.PositiveIntegerField(
                        db_default=0, editable=False, help_text="Failed calls since one succeeded."
                    ),
                ),
                (
                    "retry_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        blank=True,
                        help_text="Only orders of this shop; empty for all.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="orders.shop",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="endpoint",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="deliveries",
                to="orders.webhookendpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookendpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("pause_reason", ""), ("paused_at__isnull", True)),
                    models.Q(("pause_reason__gt", ""), ("paused_at__isnull", False)),
                    _connector="OR",
                ),
                name="webhook_endpoint_is_paused_for_a_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("endpoint"),
                models.F("position"),
                condition=models.Q(("status", "PENDING")),
                name="webhook_pending",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                models.F("endpoint"),
                models.F("order"),
                models.F("position"),
                condition=models.Q(("status", "PENDING")),
                name="webhook_pending_order",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(models.F("created_at"), name="webhook_delivery_by_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(fields=("endpoint", "event"), name="webhook_delivery_is_made_once"),
        ),
    ]
