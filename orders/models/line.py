"""The lines of orders."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.money import Money
from orders.order_facts import Line


class OrderLine(models.Model):
    """One line of an order; its price is per unit, in minor units of the order's currency."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    sku = models.CharField(_("SKU"), max_length=64)
    description = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField(help_text=_("In the currency's minor unit."))
    weight_grams = models.PositiveIntegerField(
        _("weight (g)"), null=True, blank=True, help_text=_("Of one unit; empty where nobody knows.")
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_has_its_own_position"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_is_positive"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_line_price_is_not_negative"),
            models.CheckConstraint(
                condition=Q(weight_grams__gt=0, weight_grams__lte=1_000_000),
                name="order_line_weight_is_up_to_a_tonne",
            ),
        ]

    def __str__(self) -> str:
        return gettext("%(quantity)s of %(sku)s") % {"quantity": self.quantity, "sku": self.sku}

    @property
    def unit_price_money(self) -> Money:
        return Money(self.unit_price, self.order.currency)

    @property
    def total_money(self) -> Money:
        return self.unit_price_money * self.quantity

    @property
    def facts(self) -> Line:
        """The line as gateways, warehouses and carriers are told."""
        return Line(self.sku, self.description, self.quantity, self.unit_price_money, self.weight_grams)
