"""Writes the history of orders: each event once, and the order's version with it."""

from collections.abc import Mapping

from django.db.models import F
from django.db.models.functions import Now

from orders.events import EventKind, Fact
from orders.models import Order, OrderEvent
from orders.texts import LONGEST_NAME, clean_line, clean_text


def add_event(
    order: Order, kind: EventKind, data: Mapping[str, Fact] | None = None, *, key: str, actor: str = ""
) -> bool:
    """Add an event unless the order has one with this `key`, and tell whether it was added.

    `data` are the facts that orders.events names for the kind: codes, numbers, and texts from outside, never words.

    To be called in the transaction of the change that the event tells of. The version grows with each event, so that
    a page that holds the old one knows.
    """
    # ON CONFLICT DO NOTHING does not tell whether a row was added; with the order locked, asking first is exact.
    if OrderEvent.objects.filter(order=order, key=key).exists():
        return False
    OrderEvent.objects.create(
        order=order,
        key=key,
        kind=kind,
        data={name: clean_text(value) if isinstance(value, str) else value for name, value in (data or {}).items()},
        actor=clean_line(actor, LONGEST_NAME),
    )
    Order.objects.filter(pk=order.pk).update(version=F("version") + 1, updated_at=Now())
    order.refresh_from_db(fields=["version", "updated_at"])
    return True
