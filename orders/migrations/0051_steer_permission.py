"""Lets approvers retry, pause and resume the steps of orders, by a permission of its own."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def add_to_role(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the group its permission, which Django itself would only make after the last migration."""
    config = apps.get_app_config("orders")
    config.models_module = True  # create_permissions passes over an application without models
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission = apps.get_model("auth", "Permission").objects.get(
        content_type__app_label="orders", codename="steer_order"
    )
    for group in apps.get_model("auth", "Group").objects.filter(name="approver"):
        group.permissions.add(permission)


def remove_from_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the permission again."""
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="orders", codename="steer_order"
    ).delete()


class Migration(migrations.Migration):
    """Adds the permission, to the group approver as well."""

    dependencies = [("orders", "0050_rows_stand_as_the_settings_say")]

    operations = [
        migrations.AlterModelOptions(
            name="order",
            options={
                "ordering": ["-created_at", "-id"],
                "permissions": [
                    ("approve_order", "Can approve an order"),
                    ("cancel_order", "Can cancel an order"),
                    ("refund_order", "Can refund a part of an order's payment"),
                    ("steer_order", "Can retry, pause and resume the steps of an order"),
                    ("open_temporal_ui", "Can open the Temporal Web UI, where everything can be done to a workflow"),
                ],
            },
        ),
        migrations.RunPython(add_to_role, remove_from_roles),
    ]
