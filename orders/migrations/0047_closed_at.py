"""When each order was closed, and the rules that applied to it: what lists are filtered by, with an index for each.

Both columns change only while an order moves to another status, so no update of an order costs more than before.
"""

import django.contrib.postgres.indexes
from django.db import migrations, models

# The history has always told it.
FILL = """
UPDATE orders_order SET closed_at = event.at FROM orders_orderevent AS event
WHERE event.order_id = orders_order.id AND event.kind IN ('order.completed', 'order.cancelled')
    AND orders_order.status IN ('COMPLETED', 'CANCELLED')
"""


class Migration(migrations.Migration):
    """Adds and fills a column, and creates indexes."""

    dependencies = [
        ("orders", "0046_saved_views"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="closed_at",
            field=models.DateTimeField(blank=True, help_text="When it was completed or cancelled.", null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                models.OrderBy(models.F("closed_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("closed_at__isnull", False)),
                name="order_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass("policy", name="jsonb_path_ops"),
                condition=models.Q(("policy__isnull", False)),
                name="order_policy",
            ),
        ),
    ]
