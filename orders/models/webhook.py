"""Whom to call when something happens to an order, what is to be told, and each try to tell it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.models.history import OrderEvent
from orders.models.order import Order
from orders.models.shop import Shop
from orders.postgres.fields import CodeField


class WebhookEndpoint(models.Model):
    """An address that is called with events, from the place in the feed where it was added."""

    class Pause(models.TextChoices):
        """Why it is not called."""

        PERSON = "PERSON", _("Paused by a person")
        FAILING = "FAILING", _("No call succeeded for three days")
        GONE = "GONE", _("It answered that it is gone (410)")

    class Body(models.TextChoices):
        """What a call says."""

        EVENT = "EVENT", _("The event and the order, signed (Standard Webhooks)")
        CHAT = "CHAT", _("A sentence for a chat (Slack, Mattermost)")

    url = models.CharField(_("URL"), max_length=500)
    body = CodeField(_("what is sent"), max_length=8, choices=Body.choices, default=Body.EVENT, db_default="EVENT")
    secret = models.CharField(max_length=100, editable=False, help_text=_("Signs the calls; it is shown once."))
    kinds: "models.Field[list[str], list[str]]" = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text=_("Kinds of events; empty for all.")
    )
    shop = models.ForeignKey(
        Shop, on_delete=models.PROTECT, null=True, blank=True, help_text=_("Only orders of this shop; empty for all.")
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.CharField(max_length=150, editable=False)
    position = models.BigIntegerField(
        editable=False, help_text=_("Up to where in the feed its deliveries are written.")
    )
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_reason = CodeField(max_length=16, choices=Pause.choices, blank=True, db_default="", editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(
        db_default=0, editable=False, help_text=_("Failed calls since one succeeded.")
    )
    retry_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True, pause_reason="") | Q(paused_at__isnull=False, pause_reason__gt=""),
                name="webhook_endpoint_is_paused_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(body__in=["EVENT", "CHAT"]), name="webhook_endpoint_body_is_known"),
        ]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event to be told to one endpoint. Those of an order are told in the order of the feed."""

    class Status(models.TextChoices):
        """Whether it was told."""

        PENDING = "PENDING", _("To be delivered")
        DELIVERED = "DELIVERED", _("Delivered")
        FAILED = "FAILED", _("Given up")

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(OrderEvent, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.BigIntegerField(help_text=_("The event's place in the feed."))
    status = CodeField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_delivery_is_made_once")]
        indexes = [
            models.Index("endpoint", "position", name="webhook_pending", condition=Q(status="PENDING")),
            models.Index("endpoint", "order", "position", name="webhook_pending_order", condition=Q(status="PENDING")),
            models.Index("created_at", name="webhook_delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"event-{self.event_id} {self.status}"


class WebhookAttempt(models.Model):
    """One call to an endpoint, and its answer."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(db_default=Now())
    status_code = models.PositiveSmallIntegerField(null=True, help_text=_("Empty when there was no answer."))
    detail = models.TextField(blank=True, help_text=_("How the answer began, or why there was none."))
    milliseconds = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.status_code or gettext("no answer"))
