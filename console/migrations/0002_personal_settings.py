"""Creates the settings of people: time to undo a decision, the density of lists, and a time zone."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("console", "0001_names_and_trails_of_accounts"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonalSettings",
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
                ("can_undo", models.BooleanField(db_default=False, default=False)),
                (
                    "density",
                    models.CharField(
                        blank=True,
                        choices=[("", "Comfortable"), ("compact", "Compact")],
                        db_default="",
                        default="",
                        max_length=16,
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="A name of the IANA; empty for the browser's.",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "personal settings",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(density__in=["", "compact"]), name="density_is_known")
                ],
            },
        ),
    ]
