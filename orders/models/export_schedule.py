"""Exports that people have sent to themselves by e-mail at set times, and each time that one was due."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.list_export import FileFormat, ListExport
from orders.models.mail import Mail
from orders.models.saved_view import LONGEST_NAME, LONGEST_QUERY
from orders.postgres.fields import CodeField


class ExportSchedule(models.Model):
    """A list that its owner gets as a file, on some days of the week at an hour of their time zone."""

    class Pause(models.TextChoices):
        """Who paused it. What an administrator paused, its owner cannot resume."""

        OWNER = "OWNER", _("Paused by its owner")
        ADMIN = "ADMIN", _("Paused by an administrator")

    schedule_id = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST_NAME, help_text=_("The subject of the e-mails."))
    view_id = models.CharField(
        max_length=64, blank=True, help_text=_("The saved view that it follows; its list may change.")
    )
    query = models.CharField(
        max_length=LONGEST_QUERY, blank=True, help_text=_("The list's query string, where it follows no view.")
    )
    file_format = CodeField(max_length=8, choices=FileFormat.choices)
    weekdays = models.CharField(max_length=7, help_text=_("Digits in their order; 1 is Monday, 7 is Sunday."))
    hour = models.PositiveSmallIntegerField(help_text=_("In its time zone."))
    time_zone = models.CharField(max_length=64)
    pause = CodeField(max_length=8, choices=Pause.choices, blank=True, default="")
    next_at = models.DateTimeField(null=True, blank=True, help_text=_("When it is due next; never while it is paused."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="export_schedule_has_a_name"),
            models.CheckConstraint(condition=Q(view_id="") | Q(query=""), name="export_schedule_has_a_view_or_a_query"),
            models.CheckConstraint(
                condition=Q(file_format__in=["csv", "xlsx"]), name="export_schedule_format_is_known"
            ),
            models.CheckConstraint(
                condition=Q(weekdays__regex="^1?2?3?4?5?6?7?$") & ~Q(weekdays=""), name="export_schedule_has_weekdays"
            ),
            models.CheckConstraint(condition=Q(hour__lt=24), name="export_schedule_hour_is_of_a_day"),
            models.CheckConstraint(
                condition=Q(pause="", next_at__isnull=False) | Q(pause__in=["OWNER", "ADMIN"], next_at__isnull=True),
                name="export_schedule_is_due_unless_paused",
            ),
        ]
        indexes = [models.Index("next_at", name="export_schedule_due", condition=Q(next_at__isnull=False))]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        """Tell whether nothing is sent until it is resumed."""
        return bool(self.pause)


class ExportSending(models.Model):
    """One time that a schedule was due, or that its owner asked for it: the file, the e-mail, or why there is none."""

    class State(models.TextChoices):
        """How far it is; what became of an e-mail is its own state."""

        MAKING = "MAKING", _("The file is being made")
        MAILED = "MAILED", _("Given to the mailer")
        REFUSED = "REFUSED", _("Not sent")

    class Reason(models.TextChoices):
        """Why it was not sent."""

        NOT_ALLOWED = "NOT_ALLOWED", _("The owner may not view orders, or cannot sign in")
        NO_ADDRESS = "NO_ADDRESS", _("The owner has no e-mail address")
        VIEW_GONE = "VIEW_GONE", _("The saved view was deleted")
        UNREADABLE = "UNREADABLE", _("The list cannot be read any more")
        TOO_MANY = "TOO_MANY", _("Too many orders for an Excel file")
        SLOW = "SLOW", _("Making the file took too long")
        FILE_GONE = "FILE_GONE", _("The file was deleted")
        PAUSED = "PAUSED", _("Paused before it was sent")

    schedule = models.ForeignKey(ExportSchedule, on_delete=models.CASCADE, related_name="sendings", db_index=False)
    due_at = models.DateTimeField()
    is_asked_for = models.BooleanField(default=False, help_text=_("Its owner chose “Send now”."))
    state = CodeField(max_length=8, choices=State.choices)
    reason = CodeField(max_length=16, choices=Reason.choices, blank=True, default="")
    export = models.OneToOneField(ListExport, on_delete=models.SET_NULL, null=True, blank=True, related_name="sending")
    mail = models.OneToOneField(Mail, on_delete=models.SET_NULL, null=True, blank=True, related_name="sending")
    is_attached = models.BooleanField(default=False, help_text=_("The file is in the e-mail; otherwise a link to it."))
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="export_is_sent_once_for_a_time"),
            models.UniqueConstraint(
                fields=["schedule"], condition=Q(state="MAKING"), name="export_schedule_makes_one_file_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["MAKING", "MAILED"], reason="") | (Q(state="REFUSED") & ~Q(reason="")),
                name="export_sending_has_a_reason_when_refused",
            ),
            models.CheckConstraint(
                condition=Q(
                    reason__in=[
                        "",
                        "NOT_ALLOWED",
                        "NO_ADDRESS",
                        "VIEW_GONE",
                        "UNREADABLE",
                        "TOO_MANY",
                        "SLOW",
                        "FILE_GONE",
                        "PAUSED",
                    ]
                ),
                name="export_sending_reason_is_known",
            ),
        ]
        indexes = [
            models.Index(F("schedule"), F("id").desc(), name="export_sending_newest"),
            models.Index("id", name="export_sending_made", condition=Q(state="MAKING")),
            models.Index("created_at", name="export_sending_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.due_at:%Y-%m-%d %H:%M} {self.state}"
