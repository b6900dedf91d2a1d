"""The filters over the list: what is set, in words, each to be removed, and the panel that sets them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from console.desk.list_asked import ListAsked
from orders.labels import Label
from orders.listing.filters import FILTERS, Filter
from orders.listing.list_query import ListQuery

# Some 7 kB each, in each process.
MOST_KEPT: Final = 200


@dataclass(frozen=True)
class Link:
    """Words that lead to a list."""

    words: str
    url: str
    label: str = ""


@dataclass(frozen=True)
class Option:
    """One value of a field to choose from."""

    code: str
    label: Label
    is_chosen: bool


@dataclass(frozen=True)
class PanelField:
    """One field of the panel, as it was filled in, with what is wrong with that."""

    name: str
    label: Label
    kind: str
    value: str
    options: tuple[Option, ...]
    suggestions: tuple[str, ...]
    error: str


@dataclass(frozen=True)
class FilterPanel:
    """All that is shown of the filters; `is_open` where something is to be corrected."""

    chips: tuple[Link, ...]
    shortcuts: tuple[Link, ...]
    fields: tuple[PanelField, ...]
    hidden: tuple[tuple[str, str], ...]
    clear_url: str
    is_open: bool

    @classmethod
    def of(cls, asked: ListAsked) -> "FilterPanel":
        """Return the panel of what is asked for."""
        return cls(
            chips=tuple(Link(chip.words, _link(asked, chip.without), chip.label) for chip in asked.query.chips),
            shortcuts=tuple(_shortcuts(asked)),
            fields=tuple(_describe(each, asked) for each in FILTERS.values()),
            hidden=asked.query.typed,
            clear_url=_link(asked, ListQuery()),
            is_open=bool(asked.query.errors),
        )

    def render(self, search: str) -> SafeString:
        """Return the HTML, with the search that stays; it is made once for all who filter and search the same."""
        return _render(self, search, get_language())


@lru_cache(MOST_KEPT)
def _render(panel: FilterPanel, search: str, language: str | None) -> SafeString:
    return render_to_string("desk/_filters.html", {"panel": panel, "search": search})


def _link(asked: ListAsked, query: ListQuery) -> str:
    sort = asked.sort if query.may_sort(asked.sort) else ""
    return replace(asked, query=query, cursor="", sort=sort or asked.on_tab(asked.status).sort).link()


def _shortcuts(asked: ListAsked) -> Iterable[Link]:
    """Yield what is asked for often."""
    for words, pairs in (
        (gettext("Waits for me"), [("waits_for", "me")]),
        (gettext("Submitted today"), [("submitted_from", "today")]),
        (gettext("Submitted in the last 7 days"), [("submitted_from", "6d")]),
        (gettext("Decided today"), [("decided_from", "today")]),
        (gettext("Closed today"), [("closed_from", "today")]),
        (gettext("Closed in the last 7 days"), [("closed_from", "6d")]),
    ):
        rest = [pair for pair in asked.query.typed if pair[0] not in dict(pairs)]
        yield Link(words, _link(asked, ListQuery.of([*rest, *pairs], asked.query.given)))


def _describe(each: Filter, asked: ListAsked) -> PanelField:
    typed = [text for name, text in asked.query.typed if name == each.name]
    chosen = {text.casefold() for text in typed}
    if each.name == "status" and not typed:
        chosen = {asked.status}
    return PanelField(
        name=each.name,
        label=each.label,
        kind="choices" if each.is_repeatable else _kind_of(each, typed),
        value=typed[-1] if typed else "",
        options=tuple(Option(code, label, code.casefold() in chosen) for code, label in each.offered),
        suggestions=each.suggest(),
        error=asked.query.errors.get(each.name, ""),
    )


def _kind_of(each: Filter, typed: list[str]) -> str:
    """Return the kind of the field: a calendar has no place for "today", nor for what is no date."""
    is_typed_over = each.kind == "date" and bool(typed) and re.fullmatch(r"\d{4}-\d\d-\d\d", typed[-1]) is None
    return "text" if is_typed_over else each.kind
