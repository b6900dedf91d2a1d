"""Writes the history of orders: each event once, and with it what changes in the order's row and in other tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.db import connection
from django.db.models.functions import Now
from psycopg import sql
from psycopg.types.json import Jsonb

from orders.events import EventKind, Fact
from orders.models import Order, OrderEvent
from orders.postgres.parts import Part, execute, insert, keys_of, put_before, take_key
from orders.states import FINAL
from orders.texts import LONGEST_NAME, clean_line, clean_text

# One statement, because an order has some fifteen events: with several for each, they were most of what it cost.
# PostgreSQL carries every part out, whether there are new events or not, and fires the triggers after all of them.
WRITE_EVENTS: Final = """
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
"""
# As the triggers of the search put it together: the latest reference stands first.
FOUND_BY: Final = sql.SQL(r", search_codes = concat_ws(E'\n', %s, nullif(search_codes, ''))")
# What a final order may have left open: troubles, and decisions that were not answered.
OPEN_ENDS: Final = """
, EXISTS (SELECT FROM orders_trouble WHERE order_id = orders_order.id)
    OR EXISTS (SELECT FROM orders_decision WHERE order_id = orders_order.id AND outcome = 'PENDING')
"""


@dataclass(frozen=True)
class Event:
    """A line of an order's history that is about to be written, unless the order has one with this `key`.

    `data` are the facts that orders.events names for the kind: codes, numbers, and texts from outside, never words.
    """

    kind: EventKind
    key: str
    data: Mapping[str, Fact] = field(default_factory=dict)
    actor: str = ""


def begin_history(order: Order, *, actor: str, parts: Sequence[Part] = ()) -> None:
    """Write the first event of a new order, whose row counts it already, together with `parts`."""
    first = OrderEvent(order=order, key="submitted", kind=EventKind.SUBMITTED, actor=clean_line(actor, LONGEST_NAME))
    execute(insert(first), *parts)


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


@dataclass(frozen=True)
class Writing:
    """A statement that writes events and what goes with them, ready to be sent; `fixed` and `timed` are its changes."""

    order: Order
    text: str
    values: Sequence[Any]
    fixed: Mapping[str, object]
    timed: tuple[str, ...]
    parts: Sequence[Part]

    def take_answer(self, row: Sequence[Any]) -> int:
        """Note in the order what was written, and return how many events are new."""
        for part, key in zip(self.parts, row, strict=False):
            take_key(part, key)
        added, *changed = row[len(self.parts) :]
        if added:
            self.order.version, self.order.updated_at, *open_ends = changed
            if open_ends:
                self.order.has_open_ends = open_ends[0]
            for name, value in {**self.fixed, **dict.fromkeys(self.timed, self.order.updated_at)}.items():
                setattr(self.order, name, value)
        return int(added)


def write_events(
    order: Order,
    events: Sequence[Event],
    *,
    changes: Mapping[str, object] | None = None,
    found_by: str = "",
    parts: Sequence[Part] = (),
) -> int:
    """Add the events that the order does not have yet, and return how many; one statement for all of it.

    `changes` are columns of the order's row that change with the events; without a new event they stay as they are.
    `Now()` is the time of the events. `found_by` is a reference that another table gets with them, for the search:
    written here, it leaves nothing to that table's trigger, which would write the row once more.
    `parts` are statements about other tables, and carried out in any case.

    With a final status `has_open_ends` of the order says whether anything is left to be closed with it.

    To be called with the order locked. The version grows with each event, so that a page that holds the old one knows.
    """
    if not events:
        if parts:
            execute(*parts)
        return 0
    return send_writings([prepare_events(order, events, changes=changes, found_by=found_by, parts=parts)])


def send_writings(writings: Sequence[Writing]) -> int:
    """Carry out what was prepared, for one order or for several, in one round trip; return how many events are new."""
    if not writings:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "; ".join(writing.text for writing in writings), [value for writing in writings for value in writing.values]
        )
        added = 0
        for writing in writings:
            added += writing.take_answer(cursor.fetchone())
            cursor.nextset()
    return added


def prepare_events(
    order: Order,
    events: Sequence[Event],
    *,
    changes: Mapping[str, object] | None = None,
    found_by: str = "",
    parts: Sequence[Part] = (),
) -> Writing:
    """Return what `write_events` would send, for at least one event."""
    values: list[Any] = [value for part in parts for value in part.values]
    for event in events:
        facts = {name: clean_text(value) if isinstance(value, str) else value for name, value in event.data.items()}
        values += [order.pk, event.key, event.kind.value, Jsonb(facts), clean_line(event.actor, LONGEST_NAME)]
    timed = tuple(name for name, value in (changes or {}).items() if isinstance(value, Now))
    fixed = {name: value for name, value in (changes or {}).items() if name not in timed}
    for name, value in fixed.items():
        column: Any = Order._meta.get_field(name)
        values.append(column.get_db_prep_save(value, connection))
    values += [found_by] if found_by else []
    text = WRITE_EVENTS.format(
        parts=f"{put_before(parts)}, " if parts else "",
        rows=", ".join(["(%s, %s, %s, %s, %s)"] * len(events)),
        changes=_list_changes(tuple(fixed), timed, is_found_by_more=bool(found_by)),
        open_ends=OPEN_ENDS if (changes or {}).get("status") in FINAL else "",
        keys=f"{keys_of(parts)}, " if parts else "",
    )
    return Writing(order, text, values, fixed, timed, parts)


@cache
def _list_changes(fixed: tuple[str, ...], timed: tuple[str, ...], *, is_found_by_more: bool) -> str:
    """Return what the event's statement sets in the order's row."""
    changes: list[sql.Composable] = [sql.SQL(", {} = %s").format(sql.Identifier(_column_of(name))) for name in fixed]
    changes += [sql.SQL(", {} = statement_timestamp()").format(sql.Identifier(_column_of(name))) for name in timed]
    changes += [FOUND_BY] if is_found_by_more else []
    return sql.Composed(changes).as_string()


def _column_of(name: str) -> str:
    column: Any = Order._meta.get_field(name)
    return str(column.column)
