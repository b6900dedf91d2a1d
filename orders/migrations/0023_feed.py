"""Creates the order in which programs outside are told of events; those that exist get their places, by their ids."""

import django.db.models.deletion
from django.db import migrations, models

PLACE = """
INSERT INTO orders_feedentry (position, event_id) SELECT row_number() OVER (ORDER BY id), id FROM orders_orderevent
"""


class Migration(migrations.Migration):
    """Creates the tables. Who adds events while they are created has them placed later: the mark stays at nothing."""

    dependencies = [("orders", "0022_follow_ups_of_refunds")]

    operations = [
        migrations.CreateModel(
            name="FeedMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="FeedEntry",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="feed_entry", to="orders.orderevent"
                    ),
                ),
            ],
            options={"verbose_name_plural": "feed entries"},
        ),
        migrations.RunSQL(PLACE, migrations.RunSQL.noop),
    ]
