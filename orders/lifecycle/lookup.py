"""Finds one order, to read it or to lock it for a change."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import connection
from psycopg import sql

from orders.errors import OrderClosed, OrderNotFound
from orders.identifiers import is_order_id
from orders.models import Order
from orders.reading.querysets import SEARCH_COLUMNS


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
    return _fetch(order_id, "")[0]


def lock_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound."""
    return lock_order_and_ask(order_id)[0]


def lock_order_and_ask(order_id: str, question: str = "NULL") -> tuple[Order, Any]:
    """Return the order, locked, and the answer to a `question`, an expression of SQL. Raises OrderNotFound."""
    return _fetch(order_id, "FOR UPDATE", question)


def _fetch(order_id: str, lock: str, question: str = "NULL") -> tuple[Order, Any]:
    if not is_order_id(order_id):
        raise OrderNotFound(order_id)
    names, statement, converters = _read_columns()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {question}, {statement} {lock}", [order_id])
        row = cursor.fetchone()
    if row is None:
        raise OrderNotFound(order_id)
    answer, *values = row
    for index, convert in converters:
        values[index] = convert(values[index], None, connection)
    return Order.from_db(connection.alias, names, values), answer


@cache
def _read_columns() -> tuple[list[str], str, list[tuple[int, Callable[..., Any]]]]:
    """Return what `Order.objects.get` reads: names, the statement without its lock, and converters by position.

    An order's activities ask for it eight times. The ORM needs five times as long to put the statement together as
    PostgreSQL and the driver need to answer it.
    """
    fields: list[Any] = [field for field in Order._meta.concrete_fields if field.name not in SEARCH_COLUMNS]
    columns = sql.SQL(", ").join(sql.Identifier(field.column) for field in fields)
    statement = sql.SQL("{} FROM {} WHERE order_id = %s").format(columns, sql.Identifier(Order._meta.db_table))
    converters = [
        (index, convert) for index, field in enumerate(fields) for convert in field.get_db_converters(connection)
    ]
    return [field.attname for field in fields], statement.as_string(), converters
