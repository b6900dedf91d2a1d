"""PostgreSQL keeps what a batch is and what came of it: neither is rewritten, and none is done before its last order."""

from django.db import migrations

TABLES = ("orders_batch", "orders_batchitem")

FUNCTIONS = """
CREATE FUNCTION refuse_change_of_batch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changing text[] := ARRAY['state', 'is_right_lost', 'changed_by', 'ended_at', 'wake_due_at'];
BEGIN
    IF to_jsonb(NEW) - changing <> to_jsonb(OLD) - changing THEN
        RAISE EXCEPTION 'of batch % nothing may change but how far it is', OLD.batch_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.ended_at IS NOT NULL AND to_jsonb(NEW) - 'wake_due_at' <> to_jsonb(OLD) - 'wake_due_at' THEN
        RAISE EXCEPTION 'batch % has ended and stays as it is', OLD.batch_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'DONE' AND EXISTS (SELECT FROM orders_batchitem WHERE batch_id = NEW.id AND result = '') THEN
        RAISE EXCEPTION 'batch % is not done: some of its orders have no result', OLD.batch_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_change_of_batch_item() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changing text[] := ARRAY['result', 'decided_by', 'decided_as', 'done_at'];
BEGIN
    IF OLD.result <> '' OR to_jsonb(NEW) - changing <> to_jsonb(OLD) - changing THEN
        RAISE EXCEPTION 'the result of order % in its batch is written once', OLD.order_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""

TRIGGERS = (
    "".join(
        f"""
CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER {table}_is_never_removed BEFORE DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION refuse_removal();
"""
        for table in TABLES
    )
    + """
CREATE TRIGGER batch_stays_what_it_is BEFORE UPDATE ON orders_batch
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_batch();
CREATE TRIGGER batch_item_gets_one_result BEFORE UPDATE ON orders_batchitem
FOR EACH ROW EXECUTE FUNCTION refuse_change_of_batch_item();
"""
)

FORGET = (
    "".join(
        f"DROP TRIGGER {table}_is_never_emptied ON {table}; DROP TRIGGER {table}_is_never_removed ON {table};"
        for table in TABLES
    )
    + """
DROP TRIGGER batch_stays_what_it_is ON orders_batch;
DROP TRIGGER batch_item_gets_one_result ON orders_batchitem;
DROP FUNCTION refuse_change_of_batch, refuse_change_of_batch_item;
"""
)


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [("orders", "0015_batches")]

    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop), migrations.RunSQL(TRIGGERS, FORGET)]
