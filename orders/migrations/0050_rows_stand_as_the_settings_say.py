"""Leaves how close rows stand to the settings of an account."""

from django.db import migrations


class Migration(migrations.Migration):
    """Removes a column."""

    dependencies = [
        ("orders", "0049_list_exports"),
    ]

    operations = [
        migrations.RemoveField(model_name="listlayout", name="is_dense"),
    ]
