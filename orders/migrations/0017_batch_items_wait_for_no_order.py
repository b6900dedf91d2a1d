"""Takes the foreign key to the order from batch items, so that a new batch waits for nobody who changes an order."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Drops one constraint."""

    dependencies = [
        ("orders", "0016_rules_of_batches"),
    ]

    operations = [
        migrations.AlterField(
            model_name="batchitem",
            name="order",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="orders.order",
            ),
        ),
    ]
