"""Creates the answers to requests of programs, each given again to the same request."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the table; answers are forgotten after a time, so that rows may go."""

    dependencies = [("orders", "0020_reasons")]

    operations = [
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(help_text="What the shop sent as Idempotency-Key.", max_length=255)),
                ("digest", models.CharField(help_text="The SHA-256 of method, address and contents.", max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "shop",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.shop",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(models.F("created_at"), name="idempotent_request_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("shop", "key"), name="idempotency_key_is_used_once_in_a_shop")
                ],
            },
        ),
    ]
