"""Creates the table of who looks at an order just now. It is not logged: a crash empties it, and no write waits for it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0036_notices")]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField()),
                ("username", models.CharField(max_length=150)),
                ("seen_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "order",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "presences",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["account_id", "order"], name="presence_is_one_for_each_person_and_order"
                    )
                ],
            },
        ),
        migrations.RunSQL("ALTER TABLE orders_presence SET UNLOGGED", "ALTER TABLE orders_presence SET LOGGED"),
    ]
