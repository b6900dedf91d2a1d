"""Finds one order, to read it or to lock it for a change."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from psycopg import sql

from orders.errors import OrderClosed, OrderNotFound
from orders.identifiers import is_order_id
from orders.labels.statuses import name_status
from orders.models import Order, OrderLine
from orders.reading.querysets import SEARCH_COLUMNS

Row = TypeVar("Row", bound=Model)

LOCK: Final = " FOR UPDATE"
LOCK_FREE: Final = " FOR UPDATE SKIP LOCKED"
OF_ORDER: Final = "FROM orders_order WHERE order_id = %s"
OF_ORDERS: Final = "FROM orders_order WHERE id = ANY(%s)"
# What this version of the console knows of a line: the database may be ahead of it while it is being upgraded.
LINE_COLUMNS: Final = frozenset(field.attname for field in OrderLine._meta.concrete_fields)
Converters = list[tuple[int, Callable[..., Any]]]


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
        raise OrderClosed(name_status(order.status))


def read_order(order_id: str) -> Order:
    """Return the order, unlocked. Raises OrderNotFound."""
    return _fetch(order_id, "")


def lock_order(order_id: str) -> Order:
    """Return the order, locked until the transaction ends. Raises OrderNotFound."""
    return _fetch(order_id, LOCK)


def read_order_and_ask(order_id: str, *questions: Question) -> tuple[Order, Sequence[Any]]:
    """Return the order, unlocked, and the answers to questions, all of the same moment. Raises OrderNotFound."""
    with connection.cursor() as cursor:
        return _execute(cursor, order_id, questions)


def lock_order_and_ask(order_id: str, *questions: Question) -> tuple[Order, Sequence[Any]]:
    """Return the order, locked, and the answers to questions that are asked once it is. Raises OrderNotFound.

    The questions are a statement of their own: one that waits for the lock sees other tables as they were before.
    """
    if not questions:
        return lock_order(order_id), ()
    texts = ", ".join(question.text for question in questions)
    values = [value for question in questions for value in question.values]
    with connection.cursor() as cursor:
        order, _ = _execute(cursor, order_id, (), f"{LOCK}; SELECT {texts} {OF_ORDER}", [*values, order_id])
        cursor.nextset()
        answers: Sequence[Any] = cursor.fetchone()
    return order, answers


def lock_free_orders_and_ask(pks: Sequence[int], *questions: Question) -> list[tuple[Order, Sequence[Any]]]:
    """Return those of the orders that nobody else holds, locked, each with the answers; it waits for nobody.

    As `lock_order_and_ask`, in two statements for all of them.
    """
    return _lock_several(pks, questions, LOCK_FREE)


def lock_orders_and_ask(pks: Sequence[int], *questions: Question) -> list[tuple[Order, Sequence[Any]]]:
    """Return the orders, locked, each with the answers. It waits for them by their keys, as everybody does who does."""
    return _lock_several(pks, questions, LOCK)


def _lock_several(pks: Sequence[int], questions: Sequence[Question], lock: str) -> list[tuple[Order, Sequence[Any]]]:
    names, columns, converters = _read_columns()
    texts = ", ".join(["id", *(question.text for question in questions)])
    values = [value for question in questions for value in question.values]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} {OF_ORDERS} ORDER BY id{lock}; SELECT {texts} {OF_ORDERS}",
            [list(pks), *values, list(pks)],
        )
        orders = [_build_order(names, row, converters) for row in cursor.fetchall()]
        cursor.nextset()
        answers = {pk: rest for pk, *rest in cursor.fetchall()}
    return [(order, answers[order.pk]) for order in orders]


def build_row(model: type[Row], names: Sequence[str], answer: str | None) -> Row | None:
    """Return a row, with the columns `names` alone, from the answer to a question for its `to_jsonb`; None for none."""
    if answer is None:
        return None
    values = json.loads(answer)
    return model.from_db(connection.alias, names, [values[name] for name in names])


def read_lines(order: Order, rows: str | None) -> list[OrderLine]:
    """Return the order's lines from the answer to the question for LINES."""
    found = json.loads(rows or "[]")
    lines = [OrderLine(**{name: value for name, value in row.items() if name in LINE_COLUMNS}) for row in found]
    for line in lines:
        line.order = order
    return lines


def _fetch(order_id: str, lock: str) -> Order:
    with connection.cursor() as cursor:
        return _execute(cursor, order_id, (), lock)[0]


def _execute(
    cursor: CursorWrapper,
    order_id: str,
    questions: Sequence[Question],
    further: str = "",
    further_values: Sequence[Any] = (),
) -> tuple[Order, Sequence[Any]]:
    """Return the order and the answers, and leave what a `further` statement finds to whoever asked for it."""
    if not is_order_id(order_id):
        raise OrderNotFound(order_id)
    names, columns, converters = _read_columns()
    asked = "".join(f", {question.text}" for question in questions)
    values = [value for question in questions for value in question.values]
    cursor.execute(f"SELECT {columns}{asked} {OF_ORDER}{further}", [*values, order_id, *further_values])
    row = cursor.fetchone()
    if row is None:
        raise OrderNotFound(order_id)
    return _build_order(names, row[: len(names)], converters), row[len(names) :]


def _build_order(names: Sequence[str], row: Sequence[Any], converters: Converters) -> Order:
    values = list(row)
    for index, convert in converters:
        values[index] = convert(values[index], None, connection)
    return Order.from_db(connection.alias, names, values)


@cache
def _read_columns() -> tuple[list[str], str, Converters]:
    """Return what `Order.objects.get` reads: names, the columns as a text of SQL, and converters by position.

    An order's activities ask for it eight times. The ORM needs five times as long to put the statement together as
    PostgreSQL and the driver need to answer it.
    """
    fields: list[Any] = [field for field in Order._meta.concrete_fields if field.name not in SEARCH_COLUMNS]
    columns = sql.SQL(", ").join(sql.Identifier(field.column) for field in fields)
    converters = [
        (index, convert) for index, field in enumerate(fields) for convert in field.get_db_converters(connection)
    ]
    return [field.attname for field in fields], columns.as_string(), converters
