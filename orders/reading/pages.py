"""Keyset pages: a page is found by the values of its neighbour's last row, so page 9,000 costs as much as page 1.

A cursor is an opaque text for URLs. It may come back altered or be of another ordering; then it is a CursorError.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

from orders.errors import OrderError

M = TypeVar("M", bound=Model)

LONGEST_CURSOR: Final = 300
# So many rows of the ordering are looked through for a search to see how frequent its words are.
NEAR_ROWS: Final = 250
MOST_NEAR_ROWS: Final = 20_000
# Hits are not spread evenly.
LOOK_FURTHER: Final = 1.5
# What a row costs that the search's index finds, in rows that are looked through: measured at a million orders.
INDEX_COST: Final = 2


class CursorError(OrderError):
    """A cursor that does not belong to this ordering, or is no cursor at all."""


@dataclass(frozen=True)
class Ordering:
    """An order of rows by a time, then by primary key; rows whose time is NULL must not be in the queryset."""

    name: str
    time_field: str
    is_descending: bool

    def order_by(self, *, is_reversed: bool = False) -> tuple[str, str]:
        sign = "-" if self.is_descending != is_reversed else ""
        return f"{sign}{self.time_field}", f"{sign}pk"

    def after(self, cursor: "Cursor") -> Q:
        """Return the condition for the rows beyond `cursor`, in its direction.

        The first part alone is what the index is searched by; the second passes over rows of the very same time.
        """
        way = "lt" if self.is_descending != cursor.is_backward else "gt"
        time, key = f"{self.time_field}__{way}", f"pk__{way}"
        return Q(**{f"{time}e": cursor.at}) & (Q(**{time: cursor.at}) | Q(**{key: cursor.key}))


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: beyond (or, backward, before) the row with this time and primary key."""

    at: datetime
    key: int
    is_backward: bool = False

    def encode(self, ordering: Ordering) -> str:
        facts = [ordering.name, int(self.is_backward), self.at.isoformat(), self.key]
        return base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, ordering: Ordering) -> "Cursor":
        """Read a cursor that `encode` wrote. Raises CursorError for anything else."""
        if len(text) > LONGEST_CURSOR:
            raise CursorError("The cursor is too long.")
        try:
            padded = text + "=" * (-len(text) % 4)
            name, is_backward, at, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            moment = datetime.fromisoformat(at)
            # In UTC, because PostgreSQL takes fewer offsets than Python; a time at the very end does not fit into UTC.
            cursor = cls(moment.astimezone(UTC), key, bool(is_backward))
        except (ValueError, TypeError, OverflowError) as error:
            raise CursorError("The cursor cannot be read.") from error
        if name != ordering.name:
            raise CursorError("The cursor belongs to a different sort order.")
        if moment.tzinfo is None or type(key) is not int or not 0 <= key < 2**63:
            raise CursorError("The cursor does not point to a row.")
        return cursor


@dataclass(frozen=True)
class Search:
    """A condition that narrows rows, written in two ways: for each row of few, and for the index of all."""

    by_row: Q
    by_index: Q


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of rows; `next` and `previous` are cursors, or empty where there is no such page.

    `is_instead` tells that the page that was asked for is empty by now, and that this is the last one before it.
    """

    rows: list[M]
    next: str = ""
    previous: str = ""
    is_instead: bool = False


def cut_page(
    queryset: QuerySet[M], ordering: Ordering, *, search: Search | None = None, cursor: str = "", size: int
) -> Page[M]:
    """Return the page of `size` rows that begins at `cursor`, or the first one; `search` narrows the rows further.

    Raises CursorError. Going back beyond the first row gives the whole first page, not a short one; going on beyond the
    last one, as when all rows there have left the list, gives the last page. Empty is only what has no rows.
    """
    place = Cursor.decode(cursor, ordering) if cursor else None
    is_backward = place is not None and place.is_backward
    found = queryset.filter(ordering.after(place)) if place else queryset
    rows = find_first(found, ordering, search, is_reversed=is_backward, limit=size + 1)
    has_more, rows = len(rows) > size, rows[:size]
    if place is not None and not is_backward and not rows:
        return _cut_last_page(queryset, ordering, search, size)
    if is_backward:
        if not has_more:
            return cut_page(queryset, ordering, search=search, size=size)
        rows.reverse()
    return Page(
        rows=rows,
        next=_cursor_at(rows[-1], ordering) if rows and (has_more or is_backward) else "",
        previous=_cursor_at(rows[0], ordering, is_backward=True) if rows and place else "",
    )


def _cut_last_page(queryset: QuerySet[M], ordering: Ordering, search: Search | None, size: int) -> Page[M]:
    rows = find_first(queryset, ordering, search, is_reversed=True, limit=size + 1)
    has_more, rows = len(rows) > size, rows[:size][::-1]
    previous = _cursor_at(rows[0], ordering, is_backward=True) if has_more else ""
    return Page(rows=rows, previous=previous, is_instead=bool(rows))


def find_first(
    queryset: QuerySet[M], ordering: Ordering, search: Search | None, *, limit: int, is_reversed: bool = False
) -> list[M]:
    """Return the first `limit` rows that `search` finds.

    PostgreSQL cannot tell frequent words from rare ones: it would walk the index of the ordering to its end for a rare
    one, or sort half the table for a frequent one. So the nearest rows are looked through one by one. What they hold
    tells how frequent the words are, and so whether it is worth looking further or better to ask the search's own
    index.
    """
    ordered = queryset.order_by(*ordering.order_by(is_reversed=is_reversed))
    if search is None:
        return list(ordered[:limit])
    is_descending = ordering.is_descending != is_reversed
    look_near = partial(
        _look_near, ordered, f"{ordering.time_field}__{'gte' if is_descending else 'lte'}", search, limit
    )
    rows, is_answer = look_near(NEAR_ROWS)
    if not is_answer and rows and (window := _window_worth(_estimate(queryset), found=len(rows), limit=limit)):
        rows, is_answer = look_near(window)
    if is_answer:
        return rows
    # An expression that no index of the ordering serves leaves nothing but the search's own.
    time = F(ordering.time_field) + timedelta(0)
    key = ordering.order_by(is_reversed=is_reversed)[1]
    return list(queryset.filter(search.by_index).order_by(time.desc() if is_descending else time.asc(), key)[:limit])


def _look_near(ordered: QuerySet[M], up_to: str, search: Search, limit: int, window: int) -> tuple[list[M], bool]:
    """Return what is found among the first `window` rows, and whether these are the first `limit` of all."""
    time_field = up_to.partition("__")[0]
    edge = list(ordered.values_list(time_field, flat=True)[window - 1 : window])
    near = ordered.filter(search.by_row)
    rows = list((near.filter(**{up_to: edge[0]}) if edge else near)[:limit])
    return rows, not edge or len(rows) == limit


def _window_worth(everything: int, *, found: int, limit: int) -> int:
    """Return how many of the nearest rows probably hold `limit` hits, or 0 where the index is asked more cheaply.

    `found` are the hits among the nearest NEAR_ROWS. The index has to fetch every row of all that it finds.
    """
    window = int(LOOK_FURTHER * NEAR_ROWS * limit / found)
    by_index = INDEX_COST * everything * found / NEAR_ROWS
    return window if window <= min(by_index, MOST_NEAR_ROWS) else 0


def _estimate(queryset: QuerySet[M]) -> int:
    """Return how many rows there are by the planner's estimate, which needs no count."""
    return int(json.loads(queryset.order_by().explain(format="json"))[0]["Plan"]["Plan Rows"])


def _cursor_at(row: Model, ordering: Ordering, *, is_backward: bool = False) -> str:
    return Cursor(getattr(row, ordering.time_field), row.pk, is_backward).encode(ordering)
