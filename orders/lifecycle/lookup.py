"""Finds one order, to read it or to lock it for a change."""

from django.db.models import QuerySet

from orders.errors import OrderClosed, OrderNotFound
from orders.identifiers import is_order_id
from orders.models import Order


def lock_open_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound, OrderClosed when it is final."""
    order = lock_order(order_id)
    if not order.is_open:
        raise OrderClosed(order.get_status_display())
    return order


def read_open_order(order_id: str) -> Order:
    """Return the order as it is. Raises OrderNotFound, OrderClosed when it is final."""
    order = read_order(order_id)
    if not order.is_open:
        raise OrderClosed(order.get_status_display())
    return order


def read_order(order_id: str) -> Order:
    """Return the order, unlocked. Raises OrderNotFound."""
    if not is_order_id(order_id):
        raise OrderNotFound(order_id)
    try:
        return Order.objects.get(order_id=order_id)
    except Order.DoesNotExist as error:
        raise OrderNotFound(order_id) from error


def lock_order(order_id: str, orders: "QuerySet[Order] | None" = None) -> Order:
    """Return the order, locked until the transaction ends, with what `orders` add to its row. Raises OrderNotFound."""
    if not is_order_id(order_id):
        raise OrderNotFound(order_id)
    try:
        order: Order = (Order.objects.all() if orders is None else orders).select_for_update().get(order_id=order_id)
    except Order.DoesNotExist as error:
        raise OrderNotFound(order_id) from error
    return order
