"""Takes `updated_at` out of the indexes and leaves room on the pages of orders.

A column that stands in an index and changes makes PostgreSQL write the row into all indexes again, the search's too.
Without it, events that leave the status alone are HOT updates.
"""

from django.db import migrations, models

IN_MOTION = ["CANCELLING", "CHARGING_PAYMENT", "CREATED", "DISPATCHED", "PACKAGE_PREPARED", "PAID", "VALIDATED"]


class Migration(migrations.Migration):
    """Replaces an index."""

    dependencies = [("orders", "0007_roles")]

    operations = [
        migrations.RemoveIndex(model_name="order", name="order_in_motion"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index("id", name="order_in_motion", condition=models.Q(status__in=IN_MOTION)),
        ),
        migrations.RunSQL(
            "ALTER TABLE orders_order SET (fillfactor = 80)", "ALTER TABLE orders_order RESET (fillfactor)"
        ),
    ]
