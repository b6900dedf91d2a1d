"""What a list of orders is asked for, read from a query string: by the list of pages, and by programs alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import and_, or_
from typing import Any, Final

from django.db.models import Q
from django.http import QueryDict

from orders.errors import OrderInvalid
from orders.listing.filters import AWAITING, FILTERS, Filter
from orders.listing.related import RELATED
from orders.listing.values import Given
from orders.reading.pages import Ordering, Search
from orders.reading.querysets import NEWEST, NEXT_TO_EXPIRE, OrderQuerySet
from orders.states import FINAL
from orders.texts import clean_line

LONGEST_VALUE: Final = 300
MOST_VALUES: Final = 20
# Only closed orders are in its index.
LAST_CLOSED: Final = Ordering("closed", field="closed_at", is_descending=True)
SORTS: Final[Mapping[str, Ordering]] = {
    each.name: each
    for each in (
        NEWEST,
        NEXT_TO_EXPIRE,
        Ordering("oldest", field="created_at", is_descending=False),
        LAST_CLOSED,
        Ordering("largest", field="total", is_descending=True, is_number=True),
        Ordering("smallest", field="total", is_descending=False, is_number=True),
    )
}


@dataclass(frozen=True)
class Chip:
    """One value of a filter, in words; `without` is the query without it."""

    label: str
    words: str
    without: "ListQuery"


@dataclass(frozen=True)
class ListQuery:
    """The filters and the sort of a list. `typed` are the values as they stand in an address, `errors` the sentences
    about those that cannot be read: these narrow nothing.
    """

    typed: tuple[tuple[str, str], ...] = ()
    values: tuple[tuple[str, Any], ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    given: Given = field(default_factory=Given)

    @classmethod
    def read(cls, query: QueryDict, *, username: str = "", account_id: int | None = None) -> "ListQuery":
        """Read the query of somebody, for whom an order may be waiting."""
        typed = [
            (name, text)
            for name in FILTERS
            for text in (clean_line(each[:LONGEST_VALUE], limit=None) for each in query.getlist(name)[:MOST_VALUES])
            if text
        ]
        return cls.of(typed, Given(username, account_id))

    @classmethod
    def of(cls, typed: Iterable[tuple[str, str]], given: Given) -> "ListQuery":
        """Return the query of these texts; of several for a filter that takes one, the last counts."""
        kept: dict[tuple[str, str], str] = {}
        for name, text in typed:
            kept[name, text if FILTERS[name].is_repeatable else ""] = text
        places = list(FILTERS)
        pairs = tuple(
            sorted(((name, text) for (name, _), text in kept.items()), key=lambda pair: places.index(pair[0]))
        )
        given = Given(given.username, given.account_id, dict(pairs))
        values, errors = [], {}
        for name, text in pairs:
            try:
                values.append((name, FILTERS[name].read(text, given)))
            except OrderInvalid as error:
                errors[name] = str(error)
        return cls(pairs, tuple(dict.fromkeys(values)), errors, given)

    def __bool__(self) -> bool:
        return bool(self.typed)

    def get(self, name: str) -> list[Any]:
        """Return the values of a filter."""
        return [value for each, value in self.values if each == name]

    def without(self, name: str, text: str | None = None) -> "ListQuery":
        """Return the query without a filter, or without one text of it. Amounts go with their currency."""
        gone = {"total_min", "total_max"} if name == "currency" else set()
        rest = [
            (each, typed)
            for each, typed in self.typed
            if each not in gone and (each != name or (text is not None and typed != text))
        ]
        return ListQuery.of(rest, self.given)

    def narrow(self, orders: OrderQuerySet) -> OrderQuerySet:
        """Return those of `orders` that meet each filter, by any of its values, but for what is part of `search`."""
        return orders.filter(*self._conditions(is_searched=False))

    def search(self, text: Search | None) -> Search | None:
        """Return the search for a text, if there is one, with the filters that are looked for as it is."""
        on_order = [self._any(name, ask) for name in dict(self.values) if (ask := FILTERS[name].on_order)]
        if not on_order:
            return text
        found = Search(reduce(and_, on_order), reduce(and_, self._conditions(is_searched=True)))
        return Search(text.by_row & found.by_row, text.by_index & found.by_index) if text else found

    def _conditions(self, *, is_searched: bool) -> list[Q]:
        """Return one condition for each row that has to be there, the order's own among them."""
        met: dict[str, list[Q]] = {}
        for name in dict(self.values):
            asked = FILTERS[name]
            if (asked.on_order is not None) is is_searched:
                met.setdefault(asked.row, []).append(self._any(name, partial(_ask, asked, self.given)))
        return [
            Q(RELATED[row](reduce(and_, conditions))) if row else reduce(and_, conditions)
            for row, conditions in met.items()
        ]

    def _any(self, name: str, condition: Callable[[Any], Q]) -> Q:
        return reduce(or_, map(condition, self.get(name)))

    def may_sort(self, sort: str) -> bool:
        """Tell whether an index serves the sort: deadlines of waiting orders, closed ones, amounts of one currency."""
        if sort == NEXT_TO_EXPIRE.name:
            return self.get("status") == [AWAITING]
        if sort == LAST_CLOSED.name:
            return bool(self.get("closed_from") or self.get("closed_to")) or self._has_closed_statuses()
        return sort in SORTS and (SORTS[sort].field != "total" or bool(self.get("currency")))

    def _has_closed_statuses(self) -> bool:
        statuses = self.get("status")
        return bool(statuses) and all(status in FINAL for status in statuses)

    @property
    def chips(self) -> list[Chip]:
        """Return what is asked, in words."""
        chips = []
        for (name, text), asked in ((pair, FILTERS[pair[0]]) for pair in self.typed):
            if name not in self.errors and (words := self._say(asked, text)):
                chips.append(Chip(str(asked.label), words, self.without(name, text)))
        return chips

    def _say(self, asked: Filter, text: str) -> str:
        try:
            return asked.words(asked.read(text, self.given))
        except OrderInvalid:
            return ""


def _ask(asked: Filter, given: Given, value: Any) -> Q:
    return asked.condition(value, given)
