"""Creates the tables of imports: files of orders, how each is read, and what came of every order in it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates three tables."""

    dependencies = [
        ("orders", "0037_presence"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("import_id", models.CharField(help_text="Also the id of its workflow.", max_length=64, unique=True)),
                ("file_name", models.CharField(max_length=200)),
                ("actor", models.CharField(max_length=150)),
                ("actor_account_id", models.BigIntegerField()),
                (
                    "layout",
                    models.JSONField(help_text="How the file is read: encoding, delimiter, decimal mark and columns."),
                ),
                (
                    "sample",
                    models.JSONField(
                        help_text="The first rows of the file as they are read, with the names of the columns."
                    ),
                ),
                ("state", models.CharField(default="CHOOSING", max_length=16)),
                ("trouble", models.TextField(blank=True, help_text="Why the file could not be read to its end.")),
                (
                    "checks",
                    models.PositiveIntegerField(
                        default=0, help_text="How often it was checked; each check begins at the first row."
                    ),
                ),
                (
                    "checked_row",
                    models.PositiveIntegerField(default=0, help_text="Up to which row the present check has come."),
                ),
                (
                    "rows",
                    models.PositiveIntegerField(
                        default=0, help_text="Rows that were checked, without the columns' names."
                    ),
                ),
                (
                    "is_right_lost",
                    models.BooleanField(
                        default=False, help_text="It stopped because its owner may not submit any more."
                    ),
                ),
                ("changed_by", models.CharField(blank=True, help_text="Who confirmed or stopped it.", max_length=150)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "moved_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="When something about it happened last.",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "wake_due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Since when its workflow has to be started or woken; empty when it was.",
                        null=True,
                    ),
                ),
                (
                    "shop",
                    models.ForeignKey(
                        blank=True,
                        help_text="Whose order numbers.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.shop",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                (
                    "of",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="file",
                        serialize=False,
                        to="orders.orderimport",
                    ),
                ),
                ("contents", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="ImportedOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_row", models.PositiveIntegerField(help_text="Where it begins, as a spreadsheet counts.")),
                ("shop_order_number", models.CharField(blank=True, max_length=200)),
                (
                    "rows",
                    models.JSONField(
                        default=list, help_text="Its rows as they stand in the file, each with its number."
                    ),
                ),
                ("errors", models.JSONField(default=list, help_text="What is wrong: row, field and sentence of each.")),
                ("result", models.CharField(blank=True, max_length=16)),
                (
                    "is_known",
                    models.BooleanField(default=False, help_text="It had been submitted before the file was checked."),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.order",
                    ),
                ),
                (
                    "of",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="orders.orderimport",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.AddIndex(
            model_name="orderimport",
            index=models.Index(
                models.F("wake_due_at"), condition=models.Q(("wake_due_at__isnull", False)), name="import_to_wake"
            ),
        ),
        migrations.AddIndex(
            model_name="orderimport",
            index=models.Index(
                models.F("moved_at"), condition=models.Q(("ended_at__isnull", True)), name="import_under_way"
            ),
        ),
        migrations.AddIndex(
            model_name="orderimport",
            index=models.Index(
                models.F("actor_account_id"),
                models.OrderBy(models.F("id"), descending=True),
                name="import_of_account_newest",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("state__in", ["CHOOSING", "CHECKING", "CHECKED", "RUNNING"])),
                    models.Q(("ended_at__isnull", False), ("state__in", ["STOPPED", "DONE"])),
                    _connector="OR",
                ),
                name="import_has_ended_when_it_is_stopped_or_done",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_right_lost", False), ("state", "STOPPED"), _connector="OR"),
                name="import_stops_when_the_right_is_lost",
            ),
        ),
        migrations.AddIndex(
            model_name="importedorder",
            index=models.Index(
                models.F("of"), models.F("id"), condition=models.Q(("result", "")), name="imported_order_pending"
            ),
        ),
        migrations.AddIndex(
            model_name="importedorder",
            index=models.Index(models.F("of"), models.F("result"), models.F("id"), name="imported_order_by_result"),
        ),
        migrations.AddConstraint(
            model_name="importedorder",
            constraint=models.UniqueConstraint(fields=("of", "first_row"), name="import_has_a_row_in_one_order"),
        ),
        migrations.AddConstraint(
            model_name="importedorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("order__isnull", False), ("result__in", ["CREATED", "EXISTING"])),
                    models.Q(("order__isnull", True), ("result__in", ["", "WRONG", "REFUSED"])),
                    _connector="OR",
                ),
                name="imported_order_exists_when_it_was_submitted",
            ),
        ),
    ]
