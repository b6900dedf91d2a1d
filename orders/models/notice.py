"""Notices: what a person is told of, each thing once; and how they want to be told."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.choices import NOTICE_KIND_CHOICES
from orders.models.mail import Mail
from orders.models.order import Order
from orders.postgres.fields import CodeField


class Notice(models.Model):
    """One thing that one person is told of. `source` says what it is made from; words are made of kind and data."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    kind = CodeField(max_length=16, choices=NOTICE_KIND_CHOICES)
    source = models.CharField(max_length=100, help_text=_("Such as event-17; a person is told of it once."))
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True, blank=True, help_text=_("Also when it no longer needs anybody."))
    mail_due_at = models.DateTimeField(null=True, blank=True, help_text=_("When it is to be told by e-mail."))
    mail = models.ForeignKey(
        Mail, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "source"], name="notice_is_made_once"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "NEEDS_APPROVAL",
                        "EXPIRING",
                        "ESCALATED",
                        "MENTIONED",
                        "BATCH_ENDED",
                        "REFUND_FAILED",
                        "WEBHOOK_PAUSED",
                    ]
                ),
                name="notice_kind_is_known",
            ),
        ]
        indexes = [
            models.Index(F("account"), F("id").desc(), name="notice_newest"),
            models.Index(F("account"), F("id").desc(), name="notice_unread", condition=Q(read_at__isnull=True)),
            models.Index("order", name="notice_unread_of_order", condition=Q(read_at__isnull=True)),
            models.Index("account", "mail_due_at", name="notice_to_mail", condition=Q(mail_due_at__isnull=False)),
            models.Index("mail", name="notice_of_mail", condition=Q(mail__isnull=False)),
            models.Index("created_at", name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


class NoticeMark(models.Model):
    """The one row that says up to where notices have been made."""

    position = models.BigIntegerField(default=0, help_text=_("The place in the feed."))
    deadline_upto = models.DateTimeField(null=True, help_text=_("Up to which deadline people were warned."))

    def __str__(self) -> str:
        return f"{self.position}"


class NoticeSettings(models.Model):
    """How a person wants to be told; whoever has no row gets what is usual."""

    account = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="notice_settings"
    )
    ways = models.JSONField(default=dict, help_text=_("A way for each kind; what is usual for those that are missing."))
    time_zone = models.CharField(max_length=50, default="UTC")
    quiet_from = models.TimeField(null=True, blank=True, help_text=_("No e-mail from then on, in the person's zone."))
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "notice settings"
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_a_beginning_and_an_end",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id}"
