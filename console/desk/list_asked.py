"""What the list of orders is asked for: its tab, sort, search and page, and the rows that an open page shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from console.desk.way_back import WayBack
from console.forms import PAGE_SIZE, ListForm
from orders.models import Order
from orders.reading.pages import Page, Search, cut_page
from orders.reading.querysets import NEWEST, NEXT_TO_EXPIRE, OrderQuerySet, read_order_search

NOTHING_TO_SEARCH_FOR: Final = (
    "“{}” has nothing to search for, so it is ignored. Type a word, a number or the beginning of an id."
)
QUESTIONS: Final[Mapping[str, Callable[[OrderQuerySet], OrderQuerySet]]] = {
    "awaiting": OrderQuerySet.awaiting_decision,
    "in-motion": OrderQuerySet.in_motion,
    "trouble": OrderQuerySet.in_trouble,
    "completed": OrderQuerySet.completed,
    "cancelled": OrderQuerySet.cancelled,
}


def narrow_to_tab(status: str, orders: OrderQuerySet) -> OrderQuerySet:
    """Return those of `orders` that belong on the tab."""
    return QUESTIONS.get(status, OrderQuerySet.all)(orders)


@cache
def _rows_of(status: str) -> OrderQuerySet:
    """Return the rows of the tab, to be narrowed further. Putting a query together costs as much as sending it."""
    return narrow_to_tab(status, Order.objects.as_rows())


@dataclass(frozen=True)
class ListAsked:
    """The list's query; `notices` says what of it was ignored.

    `search` is what was typed, and `question` what it asks of the table; a search that asks nothing is ignored.
    `rows` are the orders that an open page shows, each with the state that it shows of it.
    """

    status: str
    sort: str
    search: str
    cursor: str
    question: Search | None = None
    is_live: bool = False
    is_fresh: bool = False
    rows: Mapping[str, str] = field(default_factory=dict)
    seen: str = ""
    newest: int | None = None
    notices: tuple[str, ...] = ()

    @classmethod
    def read(cls, request: HttpRequest) -> "ListAsked":
        """Read the query string; an invalid value is ignored."""
        given, wrong = ListForm.read(request.GET)
        status = given.get("status") or "all"
        # Only orders that wait for a person have a place in the order of deadlines.
        sort = (given.get("sort") or "expiring") if status == "awaiting" else "newest"
        notices = [f"Unknown {name} in the link; ignored." for name in wrong]
        is_live, search = given.get("live", False), given.get("q", "")
        # An open page asks about the rows that it shows, whatever they were found by.
        question = read_order_search(search) if search and not is_live else None
        is_left_out = bool(search) and question is None and not is_live
        if is_left_out:
            notices.append(NOTHING_TO_SEARCH_FOR.format(search))
        return cls(
            status=status,
            sort=sort,
            search="" if is_left_out else search,
            cursor=given.get("cursor", ""),
            question=question,
            is_live=is_live,
            is_fresh=given.get("fresh", False),
            rows=given.get("rows", {}),
            seen=given.get("seen", ""),
            newest=given.get("newest"),
            notices=tuple(notices),
        )

    def link(self, **more: str) -> str:
        """Return the address of this tab, sort and search, with `more` in its query."""
        query = {} if self.status == "all" else {"status": self.status}
        if self.status == "awaiting" and self.sort != "expiring":
            query["sort"] = self.sort
        if self.search:
            query["q"] = self.search
        query |= {name: value for name, value in more.items() if value}
        return f"{reverse('order-list')}?{urlencode(query)}" if query else reverse("order-list")

    @property
    def way_back(self) -> WayBack:
        """The way that leads back to this page of the list."""
        sort = self.sort if self.status == "awaiting" and self.sort != "expiring" else ""
        return WayBack.to(status=self.status, sort=sort, q=self.search, cursor=self.cursor)

    def narrow(self, orders: OrderQuerySet) -> OrderQuerySet:
        """Return those of `orders` that belong on this tab."""
        return narrow_to_tab(self.status, orders)

    def cut(self) -> Page[Order]:
        """Return the page. Raises CursorError."""
        return cut_page(
            _rows_of(self.status),
            NEXT_TO_EXPIRE if self.sort == "expiring" else NEWEST,
            search=self.question,
            cursor=self.cursor,
            size=PAGE_SIZE,
        )
