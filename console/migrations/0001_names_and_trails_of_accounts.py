"""PostgreSQL itself keeps user names apart, and refuses to remove what the admin noted of an account's acts."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

NAMES = """
CREATE UNIQUE INDEX user_name_is_unique_whatever_its_case ON auth_user (lower(normalize(username, NFKC)));
"""
TRAIL = """
CREATE TRIGGER admin_log_is_append_only BEFORE UPDATE OR DELETE ON django_admin_log
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
"""


def find_twins(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Stop with a sentence where two accounts have one name but for capital letters."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(username, ' and ' ORDER BY id) FROM auth_user "
            "GROUP BY lower(normalize(username, NFKC)) HAVING count(*) > 1"
        )
        twins = [row[0] for row in cursor.fetchall()]
    if twins:
        raise RuntimeError(
            f"These accounts differ by capital letters alone: {'; '.join(twins)}. Rename one of each, then migrate again."
        )


class Migration(migrations.Migration):
    """Adds an index and a trigger to tables of Django's."""

    dependencies = [
        ("orders", "0003_rules_of_history"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunPython(find_twins, migrations.RunPython.noop),
        migrations.RunSQL(NAMES, "DROP INDEX user_name_is_unique_whatever_its_case"),
        migrations.RunSQL(TRAIL, "DROP TRIGGER admin_log_is_append_only ON django_admin_log"),
    ]
