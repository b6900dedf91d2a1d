"""The tabs over the list, with counts that are kept for a moment: they are the same for everybody."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.db.models import QuerySet

from console.desk.list_asked import QUESTIONS, ListAsked
from console.forms import TABS
from orders.labels import Label
from orders.models import Order
from orders.reading.counts import Prepared, prepare

MOST_COUNTED: Final = 100
FRESH_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Tab:
    """One tab over the list; `count` is a text such as '12' or '99+', or empty."""

    label: Label
    asked: ListAsked
    count: str
    is_current: bool

    @property
    def url(self) -> str:
        """The address of the tab, for a page that shows it; a poll without news does not."""
        return self.asked.link()


class _Counts:
    """The counts of the tabs as they were found last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Mapping[str, int] = {}
        self._until = 0.0

    def get(self) -> Mapping[str, int]:
        """Return the counts, or nothing when they are no longer fresh."""
        with self._lock:
            return self._counts if time.monotonic() < self._until else {}

    def keep(self, counts: Mapping[str, int]) -> None:
        with self._lock:
            self._counts, self._until = counts, time.monotonic() + FRESH_SECONDS


_counts = _Counts()


def are_counts_due(*, is_fresh: bool = False) -> bool:
    """Tell whether the tabs have to be counted now; not while the last counts are fresh enough."""
    return is_fresh or not _counts.get()


def list_counted() -> dict[str, QuerySet[Any]]:
    """Return what is counted, by tab."""
    return {name: ask(Order.objects.all()).order_by()[:MOST_COUNTED] for name, ask in QUESTIONS.items()}


def keep_counts(counts: Mapping[str, int]) -> None:
    """Keep what was counted of `list_counted`."""
    if counts:
        _counts.keep(counts)


def forget() -> None:
    """Forget what was counted, as in a new process."""
    global _counts  # noqa: PLW0603
    _counts = _Counts()


def read_counts() -> Mapping[str, int]:
    """Return the counts of `list_counted`, as they are or were a moment ago."""
    if not (counts := _counts.get()):
        counts = _prepare_counts().read()[0]
        keep_counts(counts)
    return counts


def describe_tabs(asked: ListAsked) -> list[Tab]:
    """Return the tabs; without a search or filter each but the last with a count that stops at 99+."""
    counts = {} if asked.is_narrowed else read_counts()
    tabs = []
    for status, label in TABS.items():
        if status == "trouble" and counts.get(status) == 0 and asked.status != "trouble":
            continue  # it is there when it is needed
        is_current = status == asked.status and not asked.query.get("status")
        tabs.append(Tab(label, asked.on_tab(status), describe_count(counts.get(status)), is_current=is_current))
    return tabs


@cache
def _prepare_counts() -> Prepared:
    return prepare(list_counted(), None)


def describe_count(count: int | None) -> str:
    """Return a count as it is shown, empty for none."""
    if count is None:
        return ""
    return f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count)
