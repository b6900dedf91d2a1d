"""The inbox of what gateways send."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.payment import Payment
from orders.postgres.fields import CodeField


class GatewayEvent(models.Model):
    """An event that a gateway sent, once however often it sends it. Nothing of it changes but how it was handled."""

    class Outcome(models.TextChoices):
        """What came of it."""

        WOKEN = "WOKEN", _("The step that waits for it was woken")
        NOTHING_WAITED = "NOTHING_WAITED", _("Nothing waited for it")
        NO_PAYMENT = "NO_PAYMENT", _("Of no payment of the console")

    gateway = models.CharField(max_length=50)
    event_id = models.CharField(max_length=255, help_text=_("The gateway's own id of the event."))
    kind = models.CharField(max_length=100, help_text=_("The gateway's own name for what happened."))
    payment = models.ForeignKey(
        Payment,
        on_delete=models.PROTECT,
        related_name="gateway_events",
        null=True,
        blank=True,
        help_text=_("Empty for what is not about a payment of the console."),
    )
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True, blank=True)
    outcome = CodeField(max_length=16, choices=Outcome.choices, blank=True, db_default="")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint("gateway", "event_id", name="gateway_event_is_taken_once"),
            models.CheckConstraint(
                condition=Q(handled_at__isnull=True, outcome="")
                | Q(handled_at__isnull=False, outcome__in=["WOKEN", "NOTHING_WAITED", "NO_PAYMENT"]),
                name="gateway_event_has_an_outcome_just_when_handled",
            ),
        ]
        indexes = [
            models.Index("id", name="gateway_event_unhandled", condition=Q(handled_at__isnull=True)),
            models.Index(F("gateway"), F("id").desc(), name="gateway_event_gateway_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.kind}"
