"""Writes the history of orders: each event once, and the order's version with it."""

from typing import Final

from django.db.models import F
from django.utils import timezone

from orders.errors import OrderNotFound
from orders.models import Order, OrderEvent

LONGEST_TEXT: Final = 2000


def clean_text(text: str, limit: int = LONGEST_TEXT) -> str:
    """Make a text from outside fit to be written: PostgreSQL refuses NUL, and a column has an end."""
    clean = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def lock_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound."""
    try:
        order: Order = Order.objects.select_for_update().get(order_id=order_id)
    except Order.DoesNotExist as error:
        raise OrderNotFound(order_id) from error
    return order


def add_event(order: Order, *, key: str, title: str, detail: str = "", actor: str = "", status: str = "") -> bool:
    """Add an event unless the order has one with this `key`, and tell whether it was added.

    To be called in the transaction of the change that the event tells of. The version grows with each event, so that
    a page that holds the old one knows.
    """
    # ON CONFLICT DO NOTHING does not tell whether a row was added; with the order locked, asking first is exact.
    if OrderEvent.objects.filter(order=order, key=key).exists():
        return False
    OrderEvent.objects.create(
        order=order, key=key, title=title, detail=clean_text(detail), actor=clean_text(actor, 150), status=status
    )
    Order.objects.filter(pk=order.pk).update(version=F("version") + 1, updated_at=timezone.now())
    order.refresh_from_db(fields=["version", "updated_at"])
    return True
