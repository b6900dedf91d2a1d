"""Tags: words by which people find orders again. They decide nothing; the history tells who added and removed one."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from orders.models.order import Order

LONGEST_TAG = 30
TAG_PATTERN = r"^\w[\w-]*$"


class OrderTag(models.Model):
    """A tag of an order, in small letters; the row goes when the tag is removed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=LONGEST_TAG)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["order", "name"], name="order_has_each_tag_once"),
            models.CheckConstraint(condition=Q(name__regex=TAG_PATTERN), name="tag_is_one_word"),
        ]
        indexes = [models.Index("name", F("order").desc(), name="tag_newest")]

    def __str__(self) -> str:
        return self.name
