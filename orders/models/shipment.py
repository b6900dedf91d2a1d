"""Package and carrier of an order, and what the carrier tells of the parcel."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.postgres.fields import CodeField


class Shipment(models.Model):
    """Package and carrier of an order."""

    class Status(models.TextChoices):
        """Where the parcel is, as far as we had a hand in it."""

        PREPARED = "PREPARED", _("Package prepared")
        DISPATCHED = "DISPATCHED", _("Handed to the carrier")
        RECALLED = "RECALLED", _("Recalled")

    class Delivery(models.TextChoices):
        """What the carrier told of the parcel last; empty as long as nothing is known."""

        DELIVERED = "DELIVERED", _("Delivered")
        RETURNED = "RETURNED", _("Returned to the sender")
        FAILED = "FAILED", _("Could not be delivered")

    shipment_id = models.CharField(max_length=80, primary_key=True)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="shipment")
    status = CodeField(max_length=16, choices=Status.choices, default=Status.PREPARED)
    package_reference = models.CharField(max_length=100)
    carrier = models.CharField(max_length=50, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    prepared_at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True, blank=True)
    delivery = CodeField(max_length=16, choices=Delivery.choices, blank=True, db_default="")
    delivery_at = models.DateTimeField(null=True, blank=True, help_text=_("By the carrier's clock."))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(delivery="", delivery_at__isnull=True)
                | Q(delivery__in=["DELIVERED", "RETURNED", "FAILED"], delivery_at__isnull=False),
                name="shipment_has_a_time_of_delivery_just_when_told",
            ),
        ]
        indexes = [
            models.Index("status", "order", name="shipment_status"),
            models.Index(fields=["tracking_number"], name="shipment_tracking", condition=Q(tracking_number__gt="")),
        ]

    def __str__(self) -> str:
        return self.tracking_number or self.shipment_id


class CarrierNotice(models.Model):
    """One message of a carrier, so that none is taken twice. Rows are only ever added."""

    carrier = models.CharField(max_length=50)
    event_id = models.CharField(max_length=100)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="notices")
    status = models.CharField(max_length=100, help_text=_("In the carrier's own words."))
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["carrier", "event_id"], name="carrier_notice_is_taken_once")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.status}"
