"""Creates the table of layouts: which columns somebody wants in lists of orders, and how close the rows stand."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates a table."""

    dependencies = [
        ("orders", "0047_closed_at"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListLayout",
            fields=[
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="auth.user",
                    ),
                ),
                (
                    "columns",
                    models.CharField(blank=True, help_text="Their names, with spaces between.", max_length=200),
                ),
                ("is_dense", models.BooleanField(default=False)),
            ],
        ),
    ]
