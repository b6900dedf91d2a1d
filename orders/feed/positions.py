"""Gives each event its place in the feed, after its commit, so that no reader skips one.

Event ids are not in the order of commits: of two transactions at once the one with the lower id may commit last, and a
reader that goes on after the higher id never sees it. The order of transaction ids does not help either: an event of an
order may come from an older transaction than the event before it. So a place is given once an event can be seen, by one
writer at a time, who holds a lock until its own commit. Places are then visible without gaps, in their order.

Events of one order keep their order: whoever adds one holds the order's row, so that the ids of an order's events are
in the order of their commits, and each round gives places in the order of ids.

Only the newest events are searched for those without a place. A transaction that still runs may bring an event with a
lower id, so `_Horizon` moves the mark behind which nobody searches only when all have ended that ran when its event was
seen. An event's id is given while its order is locked, which gives the transaction its number before.
"""

from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

# Two keys of an advisory lock are one namespace, and nothing else here uses it.
LOCK: Final = (7_301, 1)
ROUND: Final = 1000

PLACE: Final = """
INSERT INTO orders_feedentry (position, event_id)
SELECT (SELECT coalesce(max(position), 0) FROM orders_feedentry) + row_number() OVER (ORDER BY id), id
FROM (
    SELECT id FROM orders_orderevent AS event
    WHERE id > %s AND NOT EXISTS (SELECT FROM orders_feedentry WHERE event_id = event.id)
    ORDER BY id LIMIT %s
) AS missing
"""

MOVE_MARK: Final = """
INSERT INTO orders_feedmark (id, event_id) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET event_id = greatest(orders_feedmark.event_id, excluded.event_id)
"""
# The newest event with a place, which was committed before this transaction gets its number, and that number.
LOOK_AHEAD: Final = """
SELECT coalesce(max(event_id), 0), pg_current_xact_id()::text::bigint FROM orders_feedentry WHERE event_id > %s
"""


@dataclass
class _Horizon:
    """An event id, and the number of the first transaction that began after it was seen."""

    event_id: int = 0
    transaction_id: int = 0


_horizon = _Horizon()


def place_events() -> int:
    """Give committed events their places, a thousand at most, and return how many got one.

    While another process does so, nothing is done: what it has not seen it sees in its next round.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", LOCK)
        if cursor.fetchone() != (True,):
            return 0
        cursor.execute("SELECT event_id FROM orders_feedmark WHERE id = 1")
        (mark,) = cursor.fetchone() or (0,)
        # Asked before places are given: what is committed in between belongs to the next round.
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (oldest,) = cursor.fetchone()
        cursor.execute(PLACE, [mark, ROUND])
        placed: int = cursor.rowcount
        if placed < ROUND and oldest >= _horizon.transaction_id:
            if _horizon.event_id > mark:
                mark = _horizon.event_id
                cursor.execute(MOVE_MARK, [mark])
            cursor.execute(LOOK_AHEAD, [mark])
            _horizon.event_id, _horizon.transaction_id = cursor.fetchone()
        return placed
