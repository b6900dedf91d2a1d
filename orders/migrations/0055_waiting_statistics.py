"""PostgreSQL knows how the status and the decision of orders belong together.

An order that waits has no decision, and nearly every other one has. Without this it takes the two for independent of
each other, expects a hundredth of the orders that wait, and reads all of them to sort them instead of following an index.
"""

from django.db import migrations

CREATE = """
CREATE STATISTICS order_status_decision (mcv) ON status, decision FROM orders_order;
ANALYZE orders_order (status, decision);
"""


class Migration(migrations.Migration):
    """Adds the statistics, and collects them, as a large table is seldom analysed of its own accord."""

    dependencies = [("orders", "0054_export_schedules")]

    operations = [migrations.RunSQL(CREATE, "DROP STATISTICS order_status_decision")]
