"""Makes the three roles as groups over Django's permissions."""

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLES = {
    "viewer": ("view_order",),
    "clerk": ("view_order", "add_order"),
    "approver": ("view_order", "approve_order", "cancel_order"),
}


def make_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make each group, with its permissions, which Django itself would only make after the last migration."""
    config = apps.get_app_config("orders")
    config.models_module = True  # create_permissions passes over an application without models
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="orders")
    for name, codenames in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*permissions.filter(codename__in=codenames))


def remove_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove the groups again."""
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    """Makes the groups viewer, clerk and approver."""

    dependencies = [
        ("orders", "0006_search_columns"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_roles, remove_roles)]
