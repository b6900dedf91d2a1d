"""Messages to Temporal, and the worker processes."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.postgres.fields import CodeField


class OutboxMessage(models.Model):
    """A message to Temporal, written in the transaction of the row that it belongs to and sent after it."""

    class Status(models.TextChoices):
        """Whether the message got there."""

        PENDING = "PENDING", _("On its way")
        DELIVERED = "DELIVERED", _("Delivered")
        UNDELIVERABLE = "UNDELIVERABLE", _("Came too late")
        REFUSED = "REFUSED", _("Refused by Temporal")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="outbox_messages")
    key = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=32, help_text=_("start, approve_order, cancel_order or refund"))
    payload = models.JSONField()
    status = CodeField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index("order", "id", name="outbox_pending_by_order", condition=Q(status="PENDING")),
            models.Index("next_attempt_at", "id", name="outbox_pending", condition=Q(status="PENDING")),
            models.Index("order", name="outbox_refused", condition=Q(status="REFUSED")),
            models.Index(
                F("status"), F("id").desc(), name="outbox_in_vain", condition=Q(status__in=["UNDELIVERABLE", "REFUSED"])
            ),
            models.Index(F("name"), F("id").desc(), name="outbox_name_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"


class WorkerProcess(models.Model):
    """A worker process as it last reported itself; one that ends in the ordinary way takes its row along."""

    process_id = models.CharField(max_length=200, primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    queues = models.JSONField()
    problems = models.JSONField(help_text=_("What is wrong with it, or was found by it: codes with data."))
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "worker processes"

    def __str__(self) -> str:
        return self.process_id
