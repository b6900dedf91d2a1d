"""What the list of orders is asked for: tab, filters, sort, search and page, and the rows that an open page shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, QueryDict
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.desk.tab_query import split_tab
from console.desk.way_back import WayBack
from console.forms import PAGE_SIZE, ListForm
from orders.listing.filters import FILTERS
from orders.listing.list_query import LAST_CLOSED, SORTS, ListQuery
from orders.models import Order
from orders.reading.pages import Ordering, Page, Search, cut_page
from orders.reading.querysets import OrderQuerySet, read_order_search

# A process meets few tabs and few choices of columns.
MOST_KEPT: Final = 200
NOTHING_TO_SEARCH_FOR: Final = gettext_lazy(
    "“%(text)s” has nothing to search for, so it is ignored. Type a word, a number or the beginning of an id."
)
QUESTIONS: Final[Mapping[str, Callable[[OrderQuerySet], OrderQuerySet]]] = {
    "awaiting": OrderQuerySet.awaiting_decision,
    "in-motion": OrderQuerySet.in_motion,
    "trouble": OrderQuerySet.in_trouble,
    "completed": OrderQuerySet.completed,
    "cancelled": OrderQuerySet.cancelled,
}


# Tabs whose orders all have the time at which they were closed.
CLOSED_TABS: Final = frozenset({"completed", "cancelled"})


def narrow_to_tab(status: str, orders: OrderQuerySet) -> OrderQuerySet:
    """Return those of `orders` that belong on the tab."""
    return QUESTIONS.get(status, OrderQuerySet.all)(orders)


@lru_cache(MOST_KEPT)
def _rows_of(status: str, more: tuple[str, ...]) -> OrderQuerySet:
    """Return the rows of the tab, with these columns as well, to be narrowed further.

    Putting a query together costs as much as sending it.
    """
    return narrow_to_tab(status, Order.objects.as_rows(*more))


def default_sort(status: str) -> str:
    """Return how a tab is sorted when nothing else is asked for."""
    return "expiring" if status == "awaiting" else "newest"


def may_sort(status: str, query: ListQuery, sort: str) -> bool:
    """Tell whether an index serves the sort; only orders that wait have a place in the order of deadlines."""
    is_closed = sort == LAST_CLOSED.name and status in CLOSED_TABS
    return sort == default_sort(status) or is_closed or query.may_sort(sort)


@cache
def _find_path(name: str, _prefix: str) -> str:
    """Return the path of an address without arguments. A page of the list has thirty links to itself."""
    return reverse(name)


@dataclass(frozen=True)
class ListAsked:
    """The list's query; `notices` says what of it was ignored.

    `search` is what was typed, and `question` what it asks of the table; a search that asks nothing is ignored.
    `query` has the filters beside the tab, and `view` is the saved view that the list began with.
    `rows` are the orders that an open page shows, each with the state that it shows of it.
    """

    status: str
    sort: str
    search: str
    cursor: str
    question: Search | None = None
    query: ListQuery = field(default_factory=ListQuery)
    is_live: bool = False
    is_fresh: bool = False
    rows: Mapping[str, str] = field(default_factory=dict)
    seen: str = ""
    newest: int | None = None
    view: str = ""
    look: str = ""
    notices: tuple[str, ...] = ()

    @classmethod
    def read(cls, request: HttpRequest) -> "ListAsked":
        """Read the query string; an invalid value is ignored."""
        return cls.read_query(request.GET, request.user)

    @classmethod
    def read_query(cls, text: QueryDict, user: User | AnonymousUser) -> "ListAsked":
        """Read a query string of somebody's; an invalid value is ignored."""
        given, wrong = ListForm.read(text)
        status, rest = split_tab(text)
        query = ListQuery.read(rest, username=user.get_username(), account_id=user.pk)
        asked_sort, sort = given.get("sort") or "", default_sort(status)
        notices = [_("Unknown %(name)s in the link; ignored.") % {"name": name} for name in wrong]
        notices += [
            _("%(filter)s: %(sentence)s This filter is ignored.")
            % {"filter": FILTERS[name].label, "sentence": sentence}
            for name, sentence in query.errors.items()
        ]
        if asked_sort and may_sort(status, query, asked_sort):
            sort = asked_sort
        is_live, search = given.get("live", False), given.get("q", "")
        # An open page asks about the rows that it shows, whatever they were found by.
        question = read_order_search(search) if search and not is_live else None
        is_left_out = bool(search) and question is None and not is_live
        if is_left_out:
            notices.append(NOTHING_TO_SEARCH_FOR % {"text": search})
        return cls(
            status=status,
            sort=sort,
            search="" if is_left_out else search,
            cursor=given.get("cursor", ""),
            question=question,
            query=query,
            is_live=is_live,
            is_fresh=given.get("fresh", False),
            rows=given.get("rows", {}),
            seen=given.get("seen", ""),
            newest=given.get("newest"),
            view=given.get("view", ""),
            look=given.get("look", ""),
            notices=tuple(notices),
        )

    @property
    def export_url(self) -> str:
        """The address of a file of all that is asked for."""
        return self._address("order-export", *self._pairs())

    @property
    def workbook_url(self) -> str:
        """The address of the same as a workbook."""
        return self._address("order-export", *self._pairs(), ("format", "xlsx"))

    @property
    def export_now_url(self) -> str:
        """The address of a file of all, however many there are."""
        return self._address("order-export", *self._pairs(), ("now", "1"))

    @property
    def schedule_url(self) -> str:
        """The address at which the list, or the saved view that it is, is scheduled to be sent by e-mail."""
        return self._address("schedule-create", *self._pairs(), ("view", self.view))

    @property
    def papers_url(self) -> str:
        """The address of what can be printed of this page of the list."""
        return self._address("order-papers", *self._pairs(), ("cursor", self.cursor))

    def link(self, **more: str) -> str:
        """Return the address of this tab, sort, search and filters, with `more` in its query."""
        return self._address("order-list", *self._pairs(), ("view", self.view), *more.items())

    @staticmethod
    def _address(name: str, *pairs: tuple[str, str]) -> str:
        query = urlencode([(key, value) for key, value in pairs if value])
        path = _find_path(name, get_script_prefix())
        return f"{path}?{query}" if query else path

    def _pairs(self) -> Iterable[tuple[str, str]]:
        sort = "" if self.sort == default_sort(self.status) else self.sort
        # An address that asks for nothing beside a view would be the view as it was saved.
        is_bare = not (self.query.typed or sort or self.search)
        yield "status", "" if self.status == "all" and not (self.view and is_bare) else self.status
        yield from self.query.typed
        yield "sort", sort
        yield "q", self.search

    @property
    def way_back(self) -> WayBack:
        """The way that leads back to this page of the list."""
        tab = "" if self.query.get("status") else self.status
        sort = "" if self.sort == default_sort(self.status) else self.sort
        filters = (pair for pair in self.query.typed if pair[0] not in self.query.errors)
        rest = [("sort", sort), ("q", self.search), ("cursor", self.cursor), ("view", self.view)]
        return WayBack.of([("status", tab), *filters, *rest])

    @property
    def is_narrowed(self) -> bool:
        """Tell whether more than the tab narrows the list."""
        return bool(self.search or self.query)

    def on_tab(self, status: str) -> "ListAsked":
        """Return what is asked for on another tab, with the same search and filters."""
        query = self.query.without("status")
        return ListAsked(status, default_sort(status), self.search, "", query=query, view=self.view)

    def sorted_by(self, sort: str) -> "ListAsked":
        """Return the first page of the same, sorted in another way."""
        return replace(self, sort=sort, cursor="")

    @property
    def sorts(self) -> list[str]:
        """The sorts that an index serves for what is asked."""
        return [sort for sort in SORTS if may_sort(self.status, self.query, sort)]

    def narrow(self, orders: OrderQuerySet) -> OrderQuerySet:
        """Return those of `orders` that belong on this tab."""
        return narrow_to_tab(self.status, orders)

    def table(self) -> tuple[OrderQuerySet, Ordering, Search | None]:
        """Return what is asked for without its pages: the orders, their order and the search among them."""
        orders = self.query.narrow(self.narrow(Order.objects.all()))
        return orders, SORTS[self.sort], self.query.search(self.question)

    def cut(self, more: tuple[str, ...] = ()) -> Page[Order]:
        """Return the page; its rows have the columns `more` beside those of every list. Raises CursorError."""
        return cut_page(
            self.query.narrow(_rows_of(self.status, more)),
            SORTS[self.sort],
            search=self.query.search(self.question),
            cursor=self.cursor,
            size=PAGE_SIZE,
        )

    def find_all(self, limit: int) -> list[int]:
        """Return the primary keys of the first `limit` orders of the whole list, in its order."""
        found, ordering, search = self.table()
        found = found.filter(search.by_index) if search else found
        return list(found.order_by(*ordering.order_by()).values_list("pk", flat=True)[:limit])

    @property
    def whole_query(self) -> str:
        """The query string of the whole list, the same on each of its pages, without the view that it began with."""
        return urlencode([(name, value) for name, value in replace(self, view="")._pairs() if value])
