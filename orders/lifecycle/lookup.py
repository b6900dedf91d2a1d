"""Finds one order, to read it or to lock it for a change."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from orders.errors import OrderClosed, OrderNotFound
from orders.identifiers import is_order_id
from orders.models import Order, OrderLine
from orders.reading.querysets import SEARCH_COLUMNS

LOCK: Final = " FOR UPDATE"
OF_ORDER: Final = "FROM orders_order WHERE order_id = %s"


@dataclass(frozen=True)
class Question:
    """An expression of SQL that says more of an order's row, `orders_order`, with its values."""

    text: str
    values: tuple[Any, ...] = ()


LINES: Final = Question(
    "(SELECT jsonb_agg(to_jsonb(line) ORDER BY position) FROM orders_orderline AS line"
    " WHERE line.order_id = orders_order.id)"
)


def lock_open_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound, OrderClosed when it is final."""
    order = lock_order(order_id)
    check_is_open(order)
    return order


def read_open_order(order_id: str) -> Order:
    """Return the order as it is. Raises OrderNotFound, OrderClosed when it is final."""
    order = read_order(order_id)
    check_is_open(order)
    return order


def check_is_open(order: Order) -> None:
    """Raise OrderClosed for an order that is final."""
    if not order.is_open:
        raise OrderClosed(order.get_status_display())


def read_order(order_id: str) -> Order:
    """Return the order, unlocked. Raises OrderNotFound."""
    return _fetch(order_id, "")


def lock_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound."""
    return _fetch(order_id, LOCK)


def lock_order_and_ask(order_id: str, *questions: Question) -> tuple[Order, Sequence[Any]]:
    """Return the order, locked, and the answers to questions that are asked once it is. Raises OrderNotFound.

    The questions are a statement of their own: one that waits for the lock sees other tables as they were before.
    """
    texts = ", ".join(question.text for question in questions)
    values = [value for question in questions for value in question.values]
    with connection.cursor() as cursor:
        order = _execute(cursor, order_id, LOCK, f"; SELECT {texts} {OF_ORDER}", [*values, order_id])
        cursor.nextset()
        answers: Sequence[Any] = cursor.fetchone()
    return order, answers


def read_lines(order: Order, rows: str | None) -> list[OrderLine]:
    """Return the order's lines from the answer to the question for LINES."""
    lines = [OrderLine(**row) for row in json.loads(rows or "[]")]
    for line in lines:
        line.order = order
    return lines


def _fetch(order_id: str, lock: str) -> Order:
    with connection.cursor() as cursor:
        return _execute(cursor, order_id, lock)


def _execute(cursor: CursorWrapper, order_id: str, lock: str, further: str = "", values: Sequence[Any] = ()) -> Order:
    """Return the order, and leave the answer to the `further` statement to whoever asked for it."""
    if not is_order_id(order_id):
        raise OrderNotFound(order_id)
    names, statement, converters = _read_columns()
    cursor.execute(f"SELECT {statement}{lock}{further}", [order_id, *values])
    row = cursor.fetchone()
    if row is None:
        raise OrderNotFound(order_id)
    read = list(row)
    for index, convert in converters:
        read[index] = convert(read[index], None, connection)
    return Order.from_db(connection.alias, names, read)


@cache
def _read_columns() -> tuple[list[str], str, list[tuple[int, Callable[..., Any]]]]:
    """Return what `Order.objects.get` reads: names, the statement without its lock, and converters by position.

    An order's activities ask for it eight times. The ORM needs five times as long to put the statement together as
    PostgreSQL and the driver need to answer it.
    """
    fields: list[Any] = [field for field in Order._meta.concrete_fields if field.name not in SEARCH_COLUMNS]
    columns = sql.SQL(", ").join(sql.Identifier(field.column) for field in fields)
    statement = sql.SQL("{} {}").format(columns, sql.SQL(OF_ORDER))
    converters = [
        (index, convert) for index, field in enumerate(fields) for convert in field.get_db_converters(connection)
    ]
    return [field.attname for field in fields], statement.as_string(), converters
