"""The ledgers of the simulated systems: the gateway's movements and the carrier's bookings.

They stand for systems that are not ours. Nothing in the console's own tables refers to them, and only the simulated
gateway and carrier write them, so they can answer "how often was this customer really charged?" from outside.
"""

from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.postgres.fields import CodeField


class GatewayMovement(models.Model):
    """Money that the simulated gateway moved or held, or a key that it closed for ever (VOID). Rows are only added."""

    class Kind(models.TextChoices):
        """Which way the money went."""

        CHARGE = "CHARGE", pgettext_lazy("call to a gateway", "Charge")
        REFUND = "REFUND", pgettext_lazy("call to a gateway", "Refund")
        VOID = "VOID", pgettext_lazy("call to a gateway", "Void")
        AUTHORISE = "AUTH", pgettext_lazy("call to a gateway", "Authorisation")

    idempotency_key = models.CharField(max_length=64, db_index=True)
    refund_key = models.CharField(
        max_length=150, blank=True, db_default="", help_text=_("What a refund was asked under.")
    )
    kind = CodeField(max_length=8, choices=Kind.choices)
    amount = models.BigIntegerField(help_text=_("In the currency's minor unit."))
    currency = models.CharField(max_length=3)
    merchant_reference = models.CharField(
        max_length=64, db_index=True, help_text=_("The order_id the merchant told us.")
    )
    reference = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "simulated_gateway_movement"
        ordering = ["id"]
        indexes = [models.Index(F("kind"), F("id").desc(), name="gateway_movement_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class CarrierBooking(models.Model):
    """A parcel that the simulated carrier took, and perhaps gave back."""

    shipment_id = models.CharField(max_length=80, unique=True)
    tracking_number = models.CharField(max_length=64, unique=True)
    recalled_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "simulated_carrier_booking"

    def __str__(self) -> str:
        return self.tracking_number
