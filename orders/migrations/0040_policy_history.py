"""No rule and no limit of the policy is changed without its history, whoever changes it.

At the end of a transaction PostgreSQL looks for the change that was written down in it, and compares what that says with
the row. Only for deferred triggers does a row count as written together with another one.
"""

import django.db.models.deletion
from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION policy_facts(line jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT line - '{id,created_at,updated_at,level_id,group_id,account_id}'::text[]
        || CASE WHEN line ? 'level_id' THEN jsonb_build_object(
            'level', (SELECT name FROM auth_group WHERE id = (line ->> 'level_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ? 'group_id' THEN jsonb_build_object(
            'group', (SELECT name FROM auth_group WHERE id = (line ->> 'group_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ? 'account_id' THEN jsonb_build_object(
            'account', (SELECT username FROM auth_user WHERE id = (line ->> 'account_id')::bigint)) ELSE '{}' END
$$;

CREATE FUNCTION refuse_policy_without_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_facts jsonb;
    new_facts jsonb;
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := NEW.id;
    ELSE
        changed := OLD.id;
        old_facts := policy_facts(to_jsonb(OLD));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_facts := policy_facts(to_jsonb(NEW));
        IF NEW.id <> changed THEN
            RAISE EXCEPTION 'a % of the policy keeps its id', lower(TG_ARGV[0]) USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    -- Through updated_at alone a row changes without another meaning.
    IF old_facts IS DISTINCT FROM new_facts AND NOT EXISTS (
        SELECT FROM orders_policychange
        WHERE (subject, subject_id) = (TG_ARGV[0], changed)
            AND transaction_id = pg_current_xact_id()::text::bigint AND at >= transaction_timestamp()
            AND nullif(before, 'null') IS NOT DISTINCT FROM old_facts
            AND nullif(after, 'null') IS NOT DISTINCT FROM new_facts
    ) THEN
        RAISE EXCEPTION 'a % of the policy is added, changed or removed together with its history, and % % was not',
            lower(TG_ARGV[0]), lower(TG_ARGV[0]), changed USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_history_of_another_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.transaction_id <> pg_current_xact_id()::text::bigint THEN
        RAISE EXCEPTION 'a change of the policy is written down in its own transaction'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION refuse_to_empty_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are removed one by one, each with its history', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE CONSTRAINT TRIGGER policy_rule_changes_with_its_history
AFTER INSERT OR UPDATE OR DELETE ON orders_policyrule DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_policy_without_history('RULE');

CREATE CONSTRAINT TRIGGER approval_limit_changes_with_its_history
AFTER INSERT OR UPDATE OR DELETE ON orders_approvallimit DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_policy_without_history('LIMIT');

CREATE TRIGGER policy_change_is_of_its_own_transaction AFTER INSERT ON orders_policychange
FOR EACH ROW EXECUTE FUNCTION refuse_history_of_another_transaction();

CREATE TRIGGER policy_rules_are_not_emptied BEFORE TRUNCATE ON orders_policyrule
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_empty_policy();

CREATE TRIGGER approval_limits_are_not_emptied BEFORE TRUNCATE ON orders_approvallimit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_empty_policy();
"""

FORGET = """
DROP TRIGGER policy_rule_changes_with_its_history ON orders_policyrule;
DROP TRIGGER approval_limit_changes_with_its_history ON orders_approvallimit;
DROP TRIGGER policy_change_is_of_its_own_transaction ON orders_policychange;
DROP TRIGGER policy_rules_are_not_emptied ON orders_policyrule;
DROP TRIGGER approval_limits_are_not_emptied ON orders_approvallimit;
DROP FUNCTION refuse_policy_without_history, refuse_history_of_another_transaction, refuse_to_empty_policy, policy_facts;
"""


class Migration(migrations.Migration):
    """Creates the triggers, each named as the sentence that it keeps true."""

    dependencies = [
        ("orders", "0039_rules_of_imports"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AddField(
            model_name="policychange",
            name="transaction_id",
            field=models.BigIntegerField(
                db_default=models.Func(
                    function="pg_current_xact_id",
                    output_field=models.BigIntegerField(),
                    template="(%(function)s()::text::bigint)",
                ),
                editable=False,
            ),
        ),
        migrations.AlterField(
            model_name="approvallimit",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.user",
            ),
        ),
        migrations.AlterField(
            model_name="approvallimit",
            name="group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.group",
            ),
        ),
        migrations.RunSQL(FUNCTIONS, FORGET),
    ]
