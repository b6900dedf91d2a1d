"""Tags on orders, and the index that the filter by a tag is served by."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates the table."""

    dependencies = [("orders", "0044_addresses_are_corrected")]

    operations = [
        migrations.CreateModel(
            name="OrderTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=30)),
                ("added_by", models.CharField(max_length=150)),
                ("added_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tags", to="orders.order"
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "indexes": [models.Index(models.F("name"), models.F("order").desc(), name="tag_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "name"), name="order_has_each_tag_once"),
                    models.CheckConstraint(condition=models.Q(("name__regex", "^\\w[\\w-]*$")), name="tag_is_one_word"),
                ],
            },
        ),
    ]
