"""Keyset pages: a page is found by the values of its neighbour's last row, so page 9,000 costs as much as page 1.

A cursor is an opaque text for URLs. It may come back altered or be of another ordering; then it is a CursorError.
"""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Generic, TypeVar

from django.db.models import F, Model, Q, QuerySet

from orders.errors import OrderError

M = TypeVar("M", bound=Model)

LONGEST_CURSOR: Final = 300
# So many rows of the ordering are looked through for a search to see how frequent its words are.
NEAR_ROWS: Final = 250
MOST_NEAR_ROWS: Final = 20_000
FEW_ROWS: Final = 1000
# Hits are not spread evenly.
LOOK_FURTHER: Final = 1.5
# What a row costs that the search's index finds, in rows that are looked through: measured at a million orders.
INDEX_COST: Final = 2


class CursorError(OrderError):
    """A cursor that does not belong to this ordering, or is no cursor at all."""


@dataclass(frozen=True)
class Ordering:
    """An order of rows by a time or a number, then by primary key; rows without one are in no page."""

    name: str
    field: str
    is_descending: bool
    is_number: bool = False

    def order_by(self, *, is_reversed: bool = False) -> tuple[str, str]:
        sign = "-" if self.is_descending != is_reversed else ""
        return f"{sign}{self.field}", f"{sign}pk"

    def within(self, queryset: QuerySet[M]) -> QuerySet[M]:
        """Return the rows that have a place: without a value PostgreSQL would put them first or last."""
        is_optional = queryset.model._meta.get_field(self.field).null
        return queryset.filter(**{f"{self.field}__isnull": False}) if is_optional else queryset

    def after(self, cursor: "Cursor") -> Q:
        """Return the condition for the rows beyond `cursor`, in its direction.

        The first part alone is what the index is searched by; the second passes over rows of the very same value.
        """
        way = "lt" if self.is_descending != cursor.is_backward else "gt"
        value, key = f"{self.field}__{way}", f"pk__{way}"
        return Q(**{f"{value}e": cursor.at}) & (Q(**{value: cursor.at}) | Q(**{key: cursor.key}))


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: beyond (or, backward, before) the row with this time or number, and primary key."""

    at: datetime | int
    key: int
    is_backward: bool = False

    def encode(self, ordering: Ordering) -> str:
        at = self.at if isinstance(self.at, int) else self.at.isoformat()
        facts = [ordering.name, int(self.is_backward), at, self.key]
        return base64.urlsafe_b64encode(json.dumps(facts, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, ordering: Ordering) -> "Cursor":
        """Read a cursor that `encode` wrote. Raises CursorError for anything else."""
        if len(text) > LONGEST_CURSOR:
            raise CursorError("The cursor is too long.")
        try:
            padded = text + "=" * (-len(text) % 4)
            name, is_backward, at, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            place = _read_number(at) if ordering.is_number else _read_time(at)
        except (ValueError, TypeError, OverflowError) as error:
            raise CursorError("The cursor cannot be read.") from error
        if name != ordering.name:
            raise CursorError("The cursor belongs to a different sort order.")
        if type(key) is not int or not 0 <= key < 2**63:
            raise CursorError("The cursor does not point to a row.")
        return cls(place, key, bool(is_backward))


def _read_time(text: str) -> datetime:
    """Read a time in UTC, because PostgreSQL takes fewer offsets than Python. Raises ValueError and its like."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(UTC)


def _read_number(number: Any) -> int:
    """Return a number that a column can hold. Raises ValueError."""
    if type(number) is not int or not 0 <= number < 2**63:
        raise ValueError(number)
    return number


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
    queryset = ordering.within(queryset)
    ordered = queryset.order_by(*ordering.order_by(is_reversed=is_reversed))
    if search is None:
        return list(ordered[:limit])
    is_descending = ordering.is_descending != is_reversed
    look_near = partial(_look_near, ordered, f"{ordering.field}__{'gte' if is_descending else 'lte'}", search, limit)
    rows, is_answer = look_near(NEAR_ROWS)
    if not is_answer and (window := _window_worth(_estimate(queryset), found=len(rows), limit=limit)):
        rows, is_answer = look_near(window)
    if is_answer:
        return rows
    # An expression that no index of the ordering serves leaves nothing but the search's own.
    value = F(ordering.field) + (0 if ordering.is_number else timedelta(0))
    key = ordering.order_by(is_reversed=is_reversed)[1]
    return list(queryset.filter(search.by_index).order_by(value.desc() if is_descending else value.asc(), key)[:limit])


def _look_near(ordered: QuerySet[M], up_to: str, search: Search, limit: int, window: int) -> tuple[list[M], bool]:
    """Return what is found among the first `window` rows, and whether these are the first `limit` of all."""
    field = up_to.partition("__")[0]
    edge = list(ordered.values_list(field, flat=True)[window - 1 : window])
    near = ordered.filter(search.by_row)
    rows = list((near.filter(**{up_to: edge[0]}) if edge else near)[:limit])
    return rows, not edge or len(rows) == limit


def _window_worth(everything: int, *, found: int, limit: int) -> int:
    """Return how many of the nearest rows probably hold `limit` hits, or 0 where the index is asked more cheaply.

    `found` are the hits among the nearest NEAR_ROWS. The index has to fetch every row of all that it finds.
    """
    by_index = INDEX_COST * everything * found / NEAR_ROWS
    # Of few rows all are looked at: the index knows the words of all other rows too.
    all_rows = everything + NEAR_ROWS
    window = min(int(LOOK_FURTHER * NEAR_ROWS * limit / found), all_rows) if found else all_rows
    return window if window <= max(FEW_ROWS, min(by_index, MOST_NEAR_ROWS)) else 0


def _estimate(queryset: QuerySet[M]) -> int:
    """Return how many rows there are by the planner's estimate, which needs no count."""
    return int(json.loads(queryset.order_by().explain(format="json"))[0]["Plan"]["Plan Rows"])


def _cursor_at(row: Model, ordering: Ordering, *, is_backward: bool = False) -> str:
    return Cursor(getattr(row, ordering.field), row.pk, is_backward).encode(ordering)
