"""A rule of the policy may name the group that is told when most of the wait is over.

The group is a fact of the rule, and so of its history. It is said only where there is one: a program of an earlier
release, which does not know it, goes on writing the history of rules that name none.
"""

import django.db.models.deletion
from django.db import migrations, models

FACTS = """
CREATE OR REPLACE FUNCTION policy_facts(line jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT line - '{id,created_at,updated_at,level_id,group_id,account_id,escalate_to_id}'::text[]
        || CASE WHEN line ? 'level_id' THEN jsonb_build_object(
            'level', (SELECT name FROM auth_group WHERE id = (line ->> 'level_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ->> 'escalate_to_id' IS NOT NULL THEN jsonb_build_object(
            'escalate_to', (SELECT name FROM auth_group WHERE id = (line ->> 'escalate_to_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ? 'group_id' THEN jsonb_build_object(
            'group', (SELECT name FROM auth_group WHERE id = (line ->> 'group_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ? 'account_id' THEN jsonb_build_object(
            'account', (SELECT username FROM auth_user WHERE id = (line ->> 'account_id')::bigint)) ELSE '{}' END
$$;
"""

FACTS_BEFORE = """
CREATE OR REPLACE FUNCTION policy_facts(line jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT line - '{id,created_at,updated_at,level_id,group_id,account_id}'::text[]
        || CASE WHEN line ? 'level_id' THEN jsonb_build_object(
            'level', (SELECT name FROM auth_group WHERE id = (line ->> 'level_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ? 'group_id' THEN jsonb_build_object(
            'group', (SELECT name FROM auth_group WHERE id = (line ->> 'group_id')::bigint)) ELSE '{}' END
        || CASE WHEN line ? 'account_id' THEN jsonb_build_object(
            'account', (SELECT username FROM auth_user WHERE id = (line ->> 'account_id')::bigint)) ELSE '{}' END
$$;
"""


class Migration(migrations.Migration):
    """Adds the column, its rule, and the fact."""

    dependencies = [
        ("orders", "0052_line_weights"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AddField(
            model_name="policyrule",
            name="escalate_to",
            field=models.ForeignKey(
                blank=True,
                help_text="Who is told when most of the wait is over. Empty: everybody who may approve the order.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.group",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("escalate_to__isnull", True), ("approvals_needed__gt", 0), _connector="OR"),
                name="policy_rule_escalates_where_somebody_approves",
            ),
        ),
        migrations.RunSQL(FACTS, FACTS_BEFORE),
    ]
