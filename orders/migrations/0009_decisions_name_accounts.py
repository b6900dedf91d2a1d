"""Keeps the accounts behind names: who submitted an order, who decided. And the right to open the Temporal Web UI."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def find_accounts(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Find the account of each name in what there is; where none has it by now, the name has to do."""
    accounts = apps.get_model("auth", "User").objects
    orders, decisions = apps.get_model("orders", "Order").objects, apps.get_model("orders", "Decision").objects
    submitter = accounts.filter(username=OuterRef("submitted_by")).values("pk")
    orders.update(submitter_account_id=Subquery(submitter))
    actor = accounts.filter(username=OuterRef("actor")).values("pk")
    decisions.filter(channel="CONSOLE").update(actor_account_id=Subquery(actor))


class Migration(migrations.Migration):
    """Adds the columns and fills them."""

    dependencies = [
        ("orders", "0008_lease"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ["-created_at", "-id"],
                "permissions": [
                    ("approve_order", "Can approve an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("open_temporal_ui", "Can open the Temporal Web UI, where everything can be done to a workflow"),
                ],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="submitter_account_id",
            field=models.BigIntegerField(
                editable=False, help_text="Empty when the order was submitted at the terminal.", null=True
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="actor_account_id",
            field=models.BigIntegerField(
                editable=False,
                help_text="Empty when the decision came from the terminal or over Temporal.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="is_own_order",
            field=models.BooleanField(
                default=False,
                help_text="An approval by whoever submitted the order; only superusers may, with a reason.",
            ),
        ),
        migrations.RunPython(find_accounts, migrations.RunPython.noop),
    ]
