"""PostgreSQL itself refuses to change or remove a row of an order's history, or of the gateway's ledger."""

from django.db import migrations

TABLES = ("orders_orderevent", "simulated_gateway_movement")

REFUSE = """
CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    """Adds a trigger to each append-only table."""

    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION refuse_change_of_history"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history()",
                f"DROP TRIGGER {table}_is_append_only ON {table}",
            )
            for table in TABLES
        ),
    ]
