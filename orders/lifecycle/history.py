"""Writes the history of orders: each event once, and with it what the event changes in the order's row."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from orders.events import EventKind, Fact
from orders.models import Order
from orders.states import FINAL
from orders.texts import LONGEST_NAME, clean_line, clean_text

# One statement, because an order has some fifteen events: with several for each, they were most of what it cost.
ADD_EVENT: Final = sql.SQL("""
WITH event AS (
    INSERT INTO orders_orderevent (order_id, key, kind, data, actor) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (order_id, key) DO NOTHING
    RETURNING order_id
)
UPDATE orders_order SET version = version + 1, updated_at = statement_timestamp(){changes}
FROM event WHERE orders_order.id = event.order_id
RETURNING version, updated_at{open_ends}
""")
# What a final order may have left open: troubles, and decisions that were not answered.
OPEN_ENDS: Final = sql.SQL("""
, EXISTS (SELECT FROM orders_trouble WHERE order_id = orders_order.id)
    OR EXISTS (SELECT FROM orders_decision WHERE order_id = orders_order.id AND outcome = 'PENDING')
""")


def add_event(
    order: Order,
    kind: EventKind,
    data: Mapping[str, Fact] | None = None,
    *,
    key: str,
    actor: str = "",
    changes: Mapping[str, object] | None = None,
) -> bool:
    """Add an event unless the order has one with this `key`, and tell whether it was added.

    `data` are the facts that orders.events names for the kind: codes, numbers, and texts from outside, never words.
    `changes` are columns of the order's row that change with the event; without the event they stay as they are.

    With a final status `has_open_ends` of the order says whether anything is left to be closed with it.

    To be called with the order locked. The version grows with each event, so that a page that holds the old one knows.
    """
    facts = {name: clean_text(value) if isinstance(value, str) else value for name, value in (data or {}).items()}
    values: list[Any] = [order.pk, key, kind.value, Jsonb(facts), clean_line(actor, LONGEST_NAME)]
    for name, value in (changes or {}).items():
        field: Any = Order._meta.get_field(name)
        values.append(field.get_db_prep_save(value, connection))
    is_final = (changes or {}).get("status") in FINAL
    with connection.cursor() as cursor:
        cursor.execute(_put_together(tuple(changes or ()), is_final=is_final), values)
        row = cursor.fetchone()
    if row is None:
        return False
    order.version, order.updated_at = row[:2]
    if is_final:
        order.has_open_ends = row[2]
    for name, value in (changes or {}).items():
        setattr(order, name, value)
    return True


@cache
def _put_together(names: tuple[str, ...], *, is_final: bool) -> str:
    """Return the statement for an event that changes these columns."""
    fields: list[Any] = [Order._meta.get_field(name) for name in names]
    changes = sql.Composed([sql.SQL(", {} = %s").format(sql.Identifier(field.column)) for field in fields])
    return ADD_EVENT.format(changes=changes, open_ends=OPEN_ENDS if is_final else sql.SQL("")).as_string()
