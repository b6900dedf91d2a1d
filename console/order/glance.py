"""A glance at an order: what tells whether its page still shows how it stands, by one short statement.

Most polls find nothing new. So they read what the status panel is made of, and nothing else of the order.
"""

from typing import Final

from django.db import connection

from console.order.facts import NoSuchOrder
from console.shared import SharedAnswers
from orders.models import Order

# The fields of `Order` among what is read; those of `ADDED` follow, as on its page.
NEEDED: Final = {
    *("id", "order_id", "version", "status", "decision", "decided_by", "decision_channel", "approval_deadline"),
    *(
        "reason_code",
        "decision_reason_code",
        "decision_reason_words",
        "cause",
        "reason",
        "approvals_needed",
        "approvals_given",
    ),
}
FIELDS: Final = tuple(field.attname for field in Order._meta.concrete_fields if field.attname in NEEDED)
ADDED: Final = ("is_in_trouble", "has_message_left", "has_refund_pending", "read_at")
READ: Final = f"""
SELECT {", ".join(FIELDS)},
    EXISTS (SELECT FROM orders_trouble WHERE order_id = orders_order.id) AS is_in_trouble,
    EXISTS (
        SELECT FROM orders_outboxmessage WHERE order_id = orders_order.id AND status IN ('PENDING', 'REFUSED')
    ) AS has_message_left,
    EXISTS (
        SELECT FROM orders_refund WHERE payment_id = orders_order.payment_id AND status = 'PENDING'
    ) AS has_refund_pending,
    statement_timestamp() AS read_at
FROM orders_order WHERE order_id = %s
"""  # noqa: S608 - put together from names of ours

_glances: SharedAnswers[Order] = SharedAnswers()


def forget() -> None:
    """Forget what was read, as in a new process."""
    _glances.forget()


def glance_at(order_id: str, *, reader: int, is_fresh: bool = False) -> Order:
    """Return the order with nothing but what the status panel shows. Raises NoSuchOrder.

    Unless it has to be fresh it may be a second old, but `reader`, an account, is not told the same twice.
    """
    return _glances.get(order_id, reader, lambda: _read(order_id), is_fresh=is_fresh)


def _read(order_id: str) -> Order:
    with connection.cursor() as cursor:
        cursor.execute(READ, [order_id])
        found = cursor.fetchone()
    if found is None:
        raise NoSuchOrder(order_id)
    width = len(FIELDS)
    order = Order.from_db(connection.alias, FIELDS, found[:width])
    vars(order).update(zip(ADDED, found[width:], strict=True))
    return order
