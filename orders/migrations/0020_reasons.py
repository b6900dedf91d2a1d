"""The reasons that a shop has people choose from, and what a refund keeps of them and of the order's lines."""

import django.core.validators
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The first list of each kind; the shop changes it in the admin.
CANCELLING = (
    ("CUSTOMER_REQUEST", "Customer asked for it"),
    ("DUPLICATE_ORDER", "Duplicate order"),
    ("SUSPECTED_FRAUD", "Suspected fraud"),
    ("WRONG_PRICE", "Wrong price"),
    ("OUT_OF_STOCK", "Out of stock"),
    ("WRONG_ADDRESS", "Wrong address"),
    ("OTHER", "Other"),
)
REFUNDING = (
    ("CUSTOMER_REQUEST", "Customer asked for it"),
    ("RETURNED", "Returned by the customer"),
    ("DAMAGED", "Damaged or faulty"),
    ("NOT_RECEIVED", "Not received"),
    ("LATE", "Arrived late"),
    ("WRONG_ITEM", "Wrong article sent"),
    ("OUT_OF_STOCK", "Out of stock"),
    ("WRONG_PRICE", "Wrong price"),
    ("GOODWILL", "Goodwill"),
    ("OTHER", "Other"),
)


def list_seeds() -> list[dict[str, str | int]]:
    """Return the columns of each row."""
    return [
        {"kind": kind, "code": code, "words": words, "position": 10 * place}
        for kind, reasons in (("CANCEL", CANCELLING), ("REFUND", REFUNDING))
        for place, (code, words) in enumerate(reasons, start=1)
    ]


def write_seeds(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the first lists."""
    reason = apps.get_model("orders", "Reason")
    reason.objects.bulk_create(reason(**facts) for facts in list_seeds())


class Migration(migrations.Migration):
    """Creates and fills the table, and adds the columns."""

    dependencies = [("orders", "0019_refund_permission")]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="lines",
            field=models.JSONField(
                blank=True, help_text="What of the order it is for, where somebody said so.", null=True
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="reason_words",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What the shop's list had for the code at the time.",
                max_length=100,
            ),
        ),
        migrations.CreateModel(
            name="Reason",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                (
                    "code",
                    models.CharField(
                        help_text="What programs know it by, such as LATE_PARCEL.",
                        max_length=32,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z][A-Z0-9_]{1,31}$",
                                "Use capital letters, digits and underscores, such as LATE_PARCEL.",
                            )
                        ],
                    ),
                ),
                ("words", models.CharField(help_text="What people read.", max_length=100)),
                ("is_active", models.BooleanField(default=True, verbose_name="on the list")),
                (
                    "position",
                    models.PositiveSmallIntegerField(default=100, help_text="The lowest number comes first."),
                ),
            ],
            options={
                "ordering": ["kind", "position", "id"],
                "constraints": [
                    models.UniqueConstraint(models.F("kind"), models.F("code"), name="reason_has_its_code_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["CANCEL", "REFUND"])), name="reason_kind_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Z][A-Z0-9_]{1,31}$")),
                        name="reason_code_is_in_capitals",
                    ),
                    models.CheckConstraint(condition=models.Q(("words__gt", "")), name="reason_has_words"),
                ],
            },
        ),
        migrations.RunPython(write_seeds, migrations.RunPython.noop),
    ]
