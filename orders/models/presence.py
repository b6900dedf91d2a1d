"""Who looks at an order just now."""

from django.db import models
from django.db.models.functions import Now

from orders.models.order import Order


class Presence(models.Model):
    """Somebody has an order open. It locks nothing and says nothing for long.

    The table is not logged: PostgreSQL empties it after a crash, and what is written to it waits for no disk. Its order
    is no foreign key to the database, which would lock the order's row for every look at it.
    """

    order = models.ForeignKey(Order, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    account_id = models.BigIntegerField()
    username = models.CharField(max_length=150)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "presences"
        constraints = [
            models.UniqueConstraint(fields=["account_id", "order"], name="presence_is_one_for_each_person_and_order")
        ]

    def __str__(self) -> str:
        return f"{self.username}: {self.order_id}"
