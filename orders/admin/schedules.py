"""Scheduled exports in the admin: whose they are and what became of them; to pause, to resume and to delete."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, pgettext_lazy

from orders.admin.read_only import ReadOnlyAdmin, ReadOnlyInline
from orders.labels.schedules import describe_times
from orders.models import ExportSchedule, ExportSending
from orders.schedules import keeping


class SendingInline(ReadOnlyInline):
    """The times that an export was due or asked for, newest first."""

    model = ExportSending
    fields = ("due_at", "is_asked_for", "state", "reason", "is_attached", "mail")


@admin.register(ExportSchedule)
class ExportScheduleAdmin(ReadOnlyAdmin):
    """Exports that people have sent to themselves. Only superusers pause, resume and delete those of others."""

    actions = ("pause_all", "resume_all")
    inlines = (SendingInline,)
    list_display = ("name", "account", "file_format", "times", "next_at", "pause")
    list_select_related = ("account",)
    ordering = ("-id",)
    fields = (
        *("schedule_id", "name", "account", "view_id", "query", "file_format", "times"),
        *("pause", "next_at", "created_at"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_pause_permission(self, request: HttpRequest) -> bool:
        """Only superusers decide for others."""
        return bool(request.user.is_superuser)

    @admin.display(description=pgettext_lazy("column", "Sent"))
    def times(self, schedule: ExportSchedule) -> str:
        """Say when it is sent."""
        return describe_times(schedule.weekdays, schedule.hour, schedule.time_zone)

    @admin.action(description=gettext_lazy("Pause: send the chosen exports no more"), permissions=["pause"])
    def pause_all(self, request: HttpRequest, queryset: QuerySet[ExportSchedule]) -> None:
        """Pause each chosen export; its owner cannot resume it."""
        for schedule in queryset:
            keeping.pause_for_admin(schedule.pk)

    @admin.action(
        description=gettext_lazy("Resume: send the chosen exports that an administrator paused"), permissions=["pause"]
    )
    def resume_all(self, request: HttpRequest, queryset: QuerySet[ExportSchedule]) -> None:
        """Resume each chosen export, unless its owner paused it."""
        for schedule in queryset:
            keeping.resume_for_admin(schedule.pk)
