"""Writes the history of orders: each event once, and with it what changes in the order's row and in other tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.db import connection
from psycopg import sql
from psycopg.types.json import Jsonb

from orders.events import EventKind, Fact
from orders.models import Order
from orders.postgres.parts import Part, execute, take_key
from orders.states import FINAL
from orders.texts import LONGEST_NAME, clean_line, clean_text

# One statement, because an order has some fifteen events: with several for each, they were most of what it cost.
# PostgreSQL carries every part out, whether there are new events or not, and fires the triggers after all of them.
WRITE_EVENTS: Final = sql.SQL("""
WITH {parts}event AS (
    INSERT INTO orders_orderevent (order_id, key, kind, data, actor) VALUES {rows}
    ON CONFLICT (order_id, key) DO NOTHING
    RETURNING order_id
), changed AS (
    UPDATE orders_order
    SET version = version + (SELECT count(*) FROM event), updated_at = statement_timestamp(){changes}
    WHERE id = (SELECT DISTINCT order_id FROM event)
    RETURNING version, updated_at{open_ends}
)
SELECT {keys}(SELECT count(*) FROM event), changed.* FROM (SELECT) AS always LEFT JOIN changed ON true
""")
# What a final order may have left open: troubles, and decisions that were not answered.
OPEN_ENDS: Final = sql.SQL("""
, EXISTS (SELECT FROM orders_trouble WHERE order_id = orders_order.id)
    OR EXISTS (SELECT FROM orders_decision WHERE order_id = orders_order.id AND outcome = 'PENDING')
""")


@dataclass(frozen=True)
class Event:
    """A line of an order's history that is about to be written, unless the order has one with this `key`.

    `data` are the facts that orders.events names for the kind: codes, numbers, and texts from outside, never words.
    """

    kind: EventKind
    key: str
    data: Mapping[str, Fact] = field(default_factory=dict)
    actor: str = ""


def add_event(
    order: Order,
    kind: EventKind,
    data: Mapping[str, Fact] | None = None,
    *,
    key: str,
    actor: str = "",
    changes: Mapping[str, object] | None = None,
) -> bool:
    """Add one event as `write_events` does, and tell whether it was added."""
    return write_events(order, [Event(kind, key, data or {}, actor)], changes=changes) > 0


def write_events(
    order: Order,
    events: Sequence[Event],
    *,
    changes: Mapping[str, object] | None = None,
    parts: Sequence[Part] = (),
) -> int:
    """Add the events that the order does not have yet, and return how many; one statement for all of it.

    `changes` are columns of the order's row that change with the events; without a new event they stay as they are.
    `parts` are statements about other tables, and carried out in any case.

    With a final status `has_open_ends` of the order says whether anything is left to be closed with it.

    To be called with the order locked. The version grows with each event, so that a page that holds the old one knows.
    """
    if not events:
        for part in parts:
            execute(part)
        return 0
    values: list[Any] = [value for part in parts for value in part.values]
    for event in events:
        facts = {name: clean_text(value) if isinstance(value, str) else value for name, value in event.data.items()}
        values += [order.pk, event.key, event.kind.value, Jsonb(facts), clean_line(event.actor, LONGEST_NAME)]
    for name, value in (changes or {}).items():
        column: Any = Order._meta.get_field(name)
        values.append(column.get_db_prep_save(value, connection))
    is_final = (changes or {}).get("status") in FINAL
    texts = tuple((part.text, part.row is not None) for part in parts)
    with connection.cursor() as cursor:
        cursor.execute(_put_together(texts, len(events), tuple(changes or ()), is_final=is_final), values)
        row = cursor.fetchone()
    for part, key in zip(parts, row, strict=False):
        take_key(part, key)
    added, *changed = row[len(parts) :]
    if added:
        order.version, order.updated_at = changed[:2]
        if is_final:
            order.has_open_ends = changed[2]
        for name, value in (changes or {}).items():
            setattr(order, name, value)
    return int(added)


@cache
def _put_together(parts: tuple[tuple[str, bool], ...], events: int, names: tuple[str, ...], *, is_final: bool) -> str:
    """Return the statement for so many events that changes these columns, with these parts."""
    columns: list[Any] = [Order._meta.get_field(name) for name in names]
    changes = [sql.SQL(", {} = %s").format(sql.Identifier(column.column)) for column in columns]
    numbered = list(enumerate(parts))
    return WRITE_EVENTS.format(
        parts=sql.SQL("".join(f"part_{number} AS ({text}), " for number, (text, _) in numbered)),
        rows=sql.SQL(", ").join([sql.SQL("(%s, %s, %s, %s, %s)")] * events),
        changes=sql.Composed(changes),
        open_ends=OPEN_ENDS if is_final else sql.SQL(""),
        keys=sql.Composed([_key_of(number) if gets_key else sql.SQL("NULL, ") for number, (_, gets_key) in numbered]),
    ).as_string()


def _key_of(number: int) -> sql.Composed:
    return sql.SQL("(SELECT key FROM {}), ").format(sql.Identifier(f"part_{number}"))
