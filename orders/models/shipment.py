"""Package and carrier of an order."""

from django.db import models
from django.db.models.functions import Now

from orders.models.order import Order
from orders.postgres.fields import CodeField


class Shipment(models.Model):
    """Package and carrier of an order."""

    class Status(models.TextChoices):
        """Where the parcel is, as far as we had a hand in it."""

        PREPARED = "PREPARED", "Package prepared"
        DISPATCHED = "DISPATCHED", "Handed to the carrier"
        RECALLED = "RECALLED", "Recalled"

    shipment_id = models.CharField(max_length=80, primary_key=True)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="shipment")
    status = CodeField(max_length=16, choices=Status.choices, default=Status.PREPARED)
    package_reference = models.CharField(max_length=100)
    carrier = models.CharField(max_length=50, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    prepared_at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index("status", "order", name="shipment_status")]

    def __str__(self) -> str:
        return self.tracking_number or self.shipment_id
