"""Creates the tables of files of long lists, which are made in the background a piece at a time."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates two tables."""

    dependencies = [
        ("orders", "0048_list_layouts"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ListExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("export_id", models.CharField(max_length=64, unique=True)),
                ("query", models.CharField(blank=True, help_text="The list's query string.", max_length=4000)),
                ("state", models.CharField(default="PENDING", max_length=16)),
                (
                    "cursor",
                    models.CharField(
                        blank=True, help_text="Where the list goes on behind the last piece.", max_length=300
                    ),
                ),
                (
                    "rows",
                    models.PositiveIntegerField(
                        default=0, help_text="How many orders are in the pieces that there are."
                    ),
                ),
                ("pieces", models.PositiveIntegerField(default=0)),
                (
                    "total",
                    models.PositiveIntegerField(
                        help_text="How many orders were in the list when it was begun.", null=True
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "touched_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When the last piece was added, or it was begun.",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.user"),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ListExportPiece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("data", models.BinaryField()),
                (
                    "export",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="orders.listexport",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="listexport",
            index=models.Index(
                models.F("touched_at"), condition=models.Q(("state", "PENDING")), name="list_export_pending"
            ),
        ),
        migrations.AddIndex(
            model_name="listexport",
            index=models.Index(models.F("created_at"), name="list_export_oldest"),
        ),
        migrations.AddConstraint(
            model_name="listexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["PENDING", "DONE", "FAILED"])), name="list_export_state_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="listexportpiece",
            constraint=models.UniqueConstraint(fields=("export", "number"), name="list_export_has_each_piece_once"),
        ),
    ]
