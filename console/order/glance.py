"""A glance at an order: what tells whether its page still shows how it stands, by one short statement.

Most polls find nothing new. So they read what the status panel is made of, and nothing else of the order.
"""

from collections.abc import Mapping
from typing import Final

from django.contrib.auth.models import User
from django.db import DatabaseError, connection

from console.order.facts import NoSuchOrder
from console.shared import SharedAnswers
from orders.models import Order
from orders.overview import presence
from orders.postgres.faults import Fault, find_fault

# The fields of `Order` among what is read; those of `ADDED` follow, as on its page.
NEEDED: Final = {
    *("id", "order_id", "version", "status", "decision", "decided_by", "decided_at", "decision_channel"),
    *("approval_deadline", "approvals_needed", "approvals_given"),
    *("reason_code", "decision_reason_code", "decision_reason_words", "cause", "reason"),
}
FIELDS: Final = tuple(field.attname for field in Order._meta.concrete_fields if field.attname in NEEDED)
ADDED: Final = ("is_in_trouble", "has_message_left", "has_refund_pending", "present", "read_at")
READ: Final = f"""
SELECT {", ".join(FIELDS)},
    EXISTS (SELECT FROM orders_trouble WHERE order_id = orders_order.id) AS is_in_trouble,
    EXISTS (
        SELECT FROM orders_outboxmessage WHERE order_id = orders_order.id AND status IN ('PENDING', 'REFUSED')
    ) AS has_message_left,
    EXISTS (
        SELECT FROM orders_refund WHERE payment_id = orders_order.payment_id AND status = 'PENDING'
    ) AS has_refund_pending,
    {presence.PRESENT} AS present,
    statement_timestamp() AS read_at
FROM orders_order WHERE order_id = %(order_id)s
"""  # noqa: S608 - put together from names of ours

_glances: SharedAnswers[Order] = SharedAnswers()


def forget() -> None:
    """Forget what was read, as in a new process."""
    _glances.forget()
    presence.forget()


def glance_at(order_id: str, *, reader: User, is_fresh: bool = False) -> Order:
    """Return the order with nothing but what the status panel shows, and `present`. Raises NoSuchOrder.

    Unless it has to be fresh it may be a second old, but `reader` is not told the same twice. Every few seconds the
    same statement notes that they look at it.
    """
    if presence.is_due(reader.pk, order_id):
        return _glances.get(order_id, reader.pk, lambda: _note_and_read(order_id, reader), is_fresh=True)
    return _glances.get(order_id, reader.pk, lambda: _read(order_id), is_fresh=is_fresh)


def name_others(order: Order, reader: User) -> tuple[str, ...]:
    """Return who else looks at an order of `glance_at`."""
    present: list[str] = vars(order).get("present", [])
    return tuple(name for name in present if name != reader.get_username())


def _note_and_read(order_id: str, reader: User) -> Order:
    name = reader.get_username()
    try:
        order = _fetch(presence.NOTE + READ, {"order_id": order_id, "account_id": reader.pk, "username": name})
    except DatabaseError as error:
        if find_fault(error) is not Fault.NOT_WRITABLE:
            raise
        return _read(order_id)  # a page can be read where nothing can be written
    present = vars(order)["present"]
    if name not in present:  # the statement does not see what it writes, and others are given the same answer
        vars(order)["present"] = [*present, name]
    return order


def _read(order_id: str) -> Order:
    return _fetch(READ, {"order_id": order_id})


def _fetch(statement: str, values: Mapping[str, str | int]) -> Order:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchone()
    if found is None:
        raise NoSuchOrder(str(values["order_id"]))
    width = len(FIELDS)
    order = Order.from_db(connection.alias, FIELDS, found[:width])
    vars(order).update(zip(ADDED, found[width:], strict=True))
    return order
