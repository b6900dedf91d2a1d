"""Creates the tables of exports that are sent by e-mail at set times; their files may be Excel's, and of a time zone."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Creates two tables, and adds what is known of a file."""

    dependencies = [
        ("orders", "0053_policy_escalates"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportSchedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("schedule_id", models.CharField(max_length=64, unique=True)),
                ("name", models.CharField(help_text="The subject of the e-mails.", max_length=60)),
                (
                    "view_id",
                    models.CharField(
                        blank=True, help_text="The saved view that it follows; its list may change.", max_length=64
                    ),
                ),
                (
                    "query",
                    models.CharField(
                        blank=True, help_text="The list's query string, where it follows no view.", max_length=4000
                    ),
                ),
                ("file_format", models.CharField(max_length=8)),
                (
                    "weekdays",
                    models.CharField(help_text="Digits in their order; 1 is Monday, 7 is Sunday.", max_length=7),
                ),
                ("hour", models.PositiveSmallIntegerField(help_text="In its time zone.")),
                ("time_zone", models.CharField(max_length=64)),
                ("pause", models.CharField(blank=True, default="", max_length=8)),
                (
                    "next_at",
                    models.DateTimeField(
                        blank=True, help_text="When it is due next; never while it is paused.", null=True
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ExportSending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField()),
                ("is_asked_for", models.BooleanField(default=False, help_text="Its owner chose “Send now”.")),
                ("state", models.CharField(max_length=8)),
                ("reason", models.CharField(blank=True, default="", max_length=16)),
                (
                    "is_attached",
                    models.BooleanField(default=False, help_text="The file is in the e-mail; otherwise a link to it."),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.AddField(
            model_name="listexport",
            name="fault",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="listexport",
            name="file_format",
            field=models.CharField(db_default="csv", default="csv", max_length=8),
        ),
        migrations.AddField(
            model_name="listexport",
            name="size",
            field=models.PositiveBigIntegerField(
                db_default=0, default=0, help_text="How many bytes the pieces are, unpacked."
            ),
        ),
        migrations.AddField(
            model_name="listexport",
            name="time_zone",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="In which days begin and times are written; empty for UTC.",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="listexport",
            constraint=models.CheckConstraint(
                condition=models.Q(("file_format__in", ["csv", "xlsx"])), name="list_export_format_is_known"
            ),
        ),
        migrations.AddField(
            model_name="exportschedule",
            name="account",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="auth.user"),
        ),
        migrations.AddField(
            model_name="exportsending",
            name="export",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="sending",
                to="orders.listexport",
            ),
        ),
        migrations.AddField(
            model_name="exportsending",
            name="mail",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="sending",
                to="orders.mail",
            ),
        ),
        migrations.AddField(
            model_name="exportsending",
            name="schedule",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sendings",
                to="orders.exportschedule",
            ),
        ),
        migrations.AddIndex(
            model_name="exportschedule",
            index=models.Index(
                models.F("next_at"), condition=models.Q(("next_at__isnull", False)), name="export_schedule_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="export_schedule_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("view_id", ""), ("query", ""), _connector="OR"),
                name="export_schedule_has_a_view_or_a_query",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("file_format__in", ["csv", "xlsx"])), name="export_schedule_format_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("weekdays__regex", "^1?2?3?4?5?6?7?$"), models.Q(("weekdays", ""), _negated=True)),
                name="export_schedule_has_weekdays",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("hour__lt", 24)), name="export_schedule_hour_is_of_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="exportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_at__isnull", False), ("pause", "")),
                    models.Q(("next_at__isnull", True), ("pause__in", ["OWNER", "ADMIN"])),
                    _connector="OR",
                ),
                name="export_schedule_is_due_unless_paused",
            ),
        ),
        migrations.AddIndex(
            model_name="exportsending",
            index=models.Index(
                models.F("schedule"), models.OrderBy(models.F("id"), descending=True), name="export_sending_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="exportsending",
            index=models.Index(models.F("id"), condition=models.Q(("state", "MAKING")), name="export_sending_made"),
        ),
        migrations.AddIndex(
            model_name="exportsending",
            index=models.Index(models.F("created_at"), name="export_sending_by_age"),
        ),
        migrations.AddConstraint(
            model_name="exportsending",
            constraint=models.UniqueConstraint(fields=("schedule", "due_at"), name="export_is_sent_once_for_a_time"),
        ),
        migrations.AddConstraint(
            model_name="exportsending",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "MAKING")),
                fields=("schedule",),
                name="export_schedule_makes_one_file_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportsending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", ""), ("state__in", ["MAKING", "MAILED"])),
                    models.Q(("state", "REFUSED"), models.Q(("reason", ""), _negated=True)),
                    _connector="OR",
                ),
                name="export_sending_has_a_reason_when_refused",
            ),
        ),
        migrations.AddConstraint(
            model_name="exportsending",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reason__in",
                        [
                            "",
                            "NOT_ALLOWED",
                            "NO_ADDRESS",
                            "VIEW_GONE",
                            "UNREADABLE",
                            "TOO_MANY",
                            "SLOW",
                            "FILE_GONE",
                            "PAUSED",
                        ],
                    )
                ),
                name="export_sending_reason_is_known",
            ),
        ),
    ]
