"""PostgreSQL keeps what came of an import: a result is written once, and none is done before its last order."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION refuse_change_of_import() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL AND to_jsonb(NEW) - 'wake_due_at' <> to_jsonb(OLD) - 'wake_due_at' THEN
        RAISE EXCEPTION 'import % has ended and stays as it is', OLD.import_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'DONE' AND EXISTS (SELECT FROM orders_importedorder WHERE of_id = NEW.id AND result = '') THEN
        RAISE EXCEPTION 'import % is not done: some of its orders have no result', OLD.import_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_imported_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM orders_orderimport WHERE id = OLD.of_id AND state = 'CHOOSING') THEN
            RAISE EXCEPTION 'the orders of an import that is checked are never removed'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.result <> '' THEN
        RAISE EXCEPTION 'the result of row % in its import is written once', OLD.first_row
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

TRIGGERS = """
CREATE TRIGGER import_is_never_emptied BEFORE TRUNCATE ON orders_orderimport
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER import_is_never_removed BEFORE DELETE ON orders_orderimport
FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER imported_order_is_never_emptied BEFORE TRUNCATE ON orders_importedorder
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER import_that_has_ended_stays BEFORE UPDATE ON orders_orderimport
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_import();
CREATE TRIGGER imported_order_gets_one_result BEFORE UPDATE OR DELETE ON orders_importedorder
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_imported_order();
"""

FORGET = """
DROP TRIGGER import_is_never_emptied ON orders_orderimport;
DROP TRIGGER import_is_never_removed ON orders_orderimport;
DROP TRIGGER imported_order_is_never_emptied ON orders_importedorder;
DROP TRIGGER import_that_has_ended_stays ON orders_orderimport;
DROP TRIGGER imported_order_gets_one_result ON orders_importedorder;
DROP FUNCTION refuse_change_of_import, refuse_change_of_imported_order;
"""


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0038_imports")]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop), migrations.RunSQL(TRIGGERS, FORGET)]
