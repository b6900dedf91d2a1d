"""The tables of the approval policy, and what of it each order keeps."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates three tables and three columns."""

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("orders", "0012_indexes_of_list_filters"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovalLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(help_text="Three letters by ISO 4217.", max_length=3)),
                ("amount", models.BigIntegerField(help_text="In the currency's minor unit.")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="PolicyChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("actor", models.CharField(max_length=150)),
                (
                    "actor_account_id",
                    models.BigIntegerField(help_text="Empty for a change made at the terminal.", null=True),
                ),
                ("subject", models.CharField(max_length=8)),
                ("subject_id", models.BigIntegerField()),
                ("name", models.CharField(help_text="The rule's name, or whose limit it is.", max_length=200)),
                ("action", models.CharField(max_length=8)),
                ("before", models.JSONField(help_text="What stood there; empty for what was added.", null=True)),
                ("after", models.JSONField(help_text="What stands there now; empty for what was removed.", null=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PolicyRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(help_text="People see it on the page of an order.", max_length=100, unique=True),
                ),
                (
                    "precedence",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="Of the rules that apply to an order, the one with the lowest number decides. If several share it, the strictest of them does.",
                    ),
                ),
                ("is_enabled", models.BooleanField(default=True, verbose_name="enabled")),
                (
                    "total_above",
                    models.BigIntegerField(
                        blank=True,
                        help_text="In the currency's minor unit; the order's total has to be higher.",
                        null=True,
                    ),
                ),
                ("currency", models.CharField(blank=True, help_text="Three letters by ISO 4217.", max_length=3)),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        blank=True,
                        default=list,
                        help_text="Two letters each, separated by commas.",
                        size=None,
                    ),
                ),
                (
                    "is_new_customer",
                    models.BooleanField(
                        default=False,
                        help_text="No earlier order with this e-mail address was completed.",
                        verbose_name="new customer",
                    ),
                ),
                (
                    "has_new_address",
                    models.BooleanField(
                        default=False,
                        help_text="The address differs from that of the customer's last order.",
                        verbose_name="new address",
                    ),
                ),
                (
                    "orders_in_a_day",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="The customer placed at least so many orders within 24 hours.", null=True
                    ),
                ),
                (
                    "is_same_basket",
                    models.BooleanField(
                        default=False,
                        help_text="The customer ordered the same articles within the hour before.",
                        verbose_name="same basket",
                    ),
                ),
                (
                    "was_declined",
                    models.BooleanField(
                        default=False,
                        help_text="A payment for an earlier order was declined.",
                        verbose_name="payment declined before",
                    ),
                ),
                (
                    "skus",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        blank=True,
                        default=list,
                        help_text="The order has at least one of these, separated by commas.",
                        size=None,
                        verbose_name="SKUs",
                    ),
                ),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        blank=True,
                        default=list,
                        help_text="Submitted on one of these days, in UTC: 1 is Monday, 7 is Sunday.",
                        size=None,
                    ),
                ),
                (
                    "from_hour",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Submitted from this hour on, 0 to 23, in UTC.", null=True
                    ),
                ),
                (
                    "to_hour",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Submitted before this hour, 1 to 24. From 22 to 6 is the night.",
                        null=True,
                    ),
                ),
                (
                    "approvals_needed",
                    models.PositiveSmallIntegerField(
                        default=1,
                        help_text="0: the policy approves the order at once. 2: two people have to approve it.",
                    ),
                ),
                (
                    "deadline_seconds",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="How long the order waits for a decision. Empty: as long as any other.",
                        null=True,
                    ),
                ),
                (
                    "explanation",
                    models.CharField(
                        blank=True,
                        help_text="What people should know or check; shown on the page of the order.",
                        max_length=200,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["precedence", "id"],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="approvals_given",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="approvals_needed",
            field=models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="How many people have to approve it, by the policy when it was validated.",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="policy",
            field=models.JSONField(
                editable=False,
                help_text="The rules that applied to it, as they were then.",
                null=True,
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approvals_needed", 1),
                    models.Q(("approvals_needed__in", [0, 2]), ("policy__isnull", False)),
                    _connector="OR",
                ),
                name="order_needs_one_approval_unless_a_rule_says_otherwise",
            ),
        ),
        migrations.AddField(
            model_name="approvallimit",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="auth.User",
            ),
        ),
        migrations.AddField(
            model_name="approvallimit",
            name="group",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.group"
            ),
        ),
        migrations.AddIndex(
            model_name="policychange",
            index=models.Index(
                models.F("subject"), models.F("subject_id"), models.F("id"), name="policy_change_of_subject"
            ),
        ),
        migrations.AddConstraint(
            model_name="policychange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("action", "ADDED"), ("after__isnull", False), ("before__isnull", True)),
                    models.Q(("action", "CHANGED"), ("after__isnull", False), ("before__isnull", False)),
                    models.Q(("action", "REMOVED"), ("after__isnull", True), ("before__isnull", False)),
                    _connector="OR",
                ),
                name="policy_change_says_what_was_and_what_is",
            ),
        ),
        migrations.AddConstraint(
            model_name="policychange",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__in", ["RULE", "LIMIT"])), name="policy_change_subject_is_known"
            ),
        ),
        migrations.AddField(
            model_name="policyrule",
            name="level",
            field=models.ForeignKey(
                blank=True,
                help_text="Only members of this group may approve the order. Empty: every approver may.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="auth.group",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvallimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("account__isnull", True), ("group__isnull", True), _connector="XOR"),
                name="approval_limit_is_of_an_account_or_a_group",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvallimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="approval_limit_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvallimit",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="approval_limit_currency_is_three_letters"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvallimit",
            constraint=models.UniqueConstraint(fields=("account", "currency"), name="account_has_one_limit_a_currency"),
        ),
        migrations.AddConstraint(
            model_name="approvallimit",
            constraint=models.UniqueConstraint(fields=("group", "currency"), name="group_has_one_limit_a_currency"),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="policy_rule_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("approvals_needed__in", [0, 1, 2])),
                name="policy_rule_asks_for_two_approvals_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("total_above__isnull", True),
                    models.Q(("currency__gt", ""), ("total_above__gte", 0)),
                    _connector="OR",
                ),
                name="policy_rule_total_has_a_currency",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency", ""), ("currency__regex", "^[A-Z]{3}$"), _connector="OR"),
                name="policy_rule_currency_is_three_letters",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekdays__contained_by", [1, 2, 3, 4, 5, 6, 7])),
                name="policy_rule_weekdays_are_1_to_7",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("from_hour__isnull", True), ("to_hour__isnull", True)),
                    models.Q(
                        ("from_hour__isnull", False),
                        ("from_hour__lte", 23),
                        ("to_hour__gte", 1),
                        ("to_hour__isnull", False),
                        ("to_hour__lte", 24),
                    ),
                    _connector="OR",
                ),
                name="policy_rule_hours_are_a_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("orders_in_a_day__isnull", True), ("orders_in_a_day__gte", 2), _connector="OR"),
                name="policy_rule_many_orders_are_two_or_more",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("level__isnull", True), ("approvals_needed__gt", 0), _connector="OR"),
                name="policy_rule_has_a_level_where_somebody_approves",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("deadline_seconds__isnull", True),
                    models.Q(("approvals_needed__gt", 0), ("deadline_seconds__gt", 0)),
                    _connector="OR",
                ),
                name="policy_rule_has_a_deadline_where_somebody_approves",
            ),
        ),
    ]
