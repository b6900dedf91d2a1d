"""The rows that belong to an order, which the filters of lists may ask about."""

from collections.abc import Callable, Mapping
from typing import Final

from django.db.models import Exists, OuterRef, Q

from orders.models import Decision, OrderTag, Payment, Refund, Shipment

# The rows that belong to an order and may meet a condition. Of its decisions the latest counts.
RELATED: Final[Mapping[str, Callable[[Q], Exists]]] = {
    "decision": lambda met: Exists(
        Decision.objects.filter(met, order=OuterRef("pk"), decision_id=OuterRef("decision_id"))
    ),
    "payment": lambda met: Exists(Payment.objects.filter(met, order=OuterRef("pk"))),
    "refund": lambda met: Exists(Refund.objects.filter(met, payment__order=OuterRef("pk"))),
    "shipment": lambda met: Exists(Shipment.objects.filter(met, order=OuterRef("pk"))),
    "tag": lambda met: Exists(OrderTag.objects.filter(met, order=OuterRef("pk"))),
}
