"""The saved views of a person on the list: which one is open, whether it was changed, and what each finds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q, Value
from django.db.utils import OperationalError
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy

from console.desk.layout import Layout
from console.desk.list_asked import ListAsked, default_sort
from console.desk.tabs import MOST_COUNTED, are_counts_due, describe_count, keep_counts, list_counted
from console.forms import TABS
from console.labels import SORT_LABELS
from orders.identifiers import is_view_id
from orders.listing.filters import FILTERS
from orders.models import ListLayout, SavedView
from orders.postgres.faults import Fault, find_fault
from orders.reading.counts import Prepared, prepare
from orders.reading.prepared import NUMBER, TEXT
from orders.reading.querysets import OrderQuerySet

# What a list is asked for; beside any of these a view is only where the list began.
ASKED_FOR: Final = (*FILTERS, "q", "sort")
# In an address: the view that its reader has chosen to be opened by default.
DEFAULT: Final = "default"
USUAL: Final = "status=awaiting"
GONE: Final = gettext_lazy("This saved view no longer exists. Showing all orders.")
LAYOUT: Final = Layout()
# Counts that take longer are not worth waiting for.
MOST_SECONDS: Final = 1.0


@dataclass(frozen=True)
class View:
    """A saved view that the person may open."""

    view_id: str
    name: str
    query: str
    owner: str
    is_own: bool
    is_default: bool

    @property
    def url(self) -> str:
        """The address under which it is shared."""
        return f"{reverse('order-list')}?view={self.view_id}"

    def read(self, user: User) -> ListAsked:
        """Return what the view asks for where this person opens it."""
        return ListAsked.read_query(QueryDict(self.query), user)


@dataclass(frozen=True)
class Shelf:
    """The person's views and columns, and the one that the list began with, which may be somebody else's."""

    own: tuple[View, ...]
    layout: Layout = LAYOUT
    current: View | None = None
    is_missing: bool = False

    def expand(self, query: QueryDict) -> QueryDict:
        """Return the query with what the view asks for, where it asks for nothing of its own."""
        if self.current is None or is_explicit(query):
            return query
        whole = QueryDict(self.current.query, mutable=True)
        whole["view"] = self.current.view_id
        return whole

    @property
    def default(self) -> View | None:
        """The view that is opened by default."""
        return next((view for view in self.own if view.is_default), None)

    def is_changed(self, asked: ListAsked) -> bool:
        """Tell whether the list is another one by now than the view that it began with."""
        return self.current is not None and self.current.query != asked.whole_query


def is_explicit(query: QueryDict) -> bool:
    """Tell whether a query asks for something itself."""
    return any(text for name in ASKED_FOR for text in query.getlist(name))


def read_shelf(user: User, view_id: str = "", *, is_counted: bool = False) -> Shelf:
    """Return the person's views and columns, by one statement.

    With `is_counted` it also reads the counts of the tabs, if they are due.
    """
    asked_for = view_id if is_view_id(view_id) else ""
    counts, found = _prepare(is_counted=is_counted and are_counts_due()).read({NUMBER: user.pk, TEXT: asked_for})
    keep_counts(counts)
    layout = next((Layout.of(row[1].split()) for row in found if not row[0]), Layout())
    views = [
        View(row_id, name, query, owner, is_own=account == user.pk, is_default=is_default and account == user.pk)
        for row_id, name, query, owner, account, is_default in found
        if row_id
    ]
    views.sort(key=lambda view: view.name.casefold())
    own = tuple(view for view in views if view.is_own)
    current = next((view for view in views if view.view_id == asked_for), None)
    return Shelf(own, layout, current, is_missing=bool(view_id) and current is None)


@lru_cache(2)
def _prepare(*, is_counted: bool) -> Prepared:
    views = SavedView.objects.filter(Q(account=NUMBER) | Q(view_id=TEXT)).order_by()
    facts = views.values_list("view_id", "name", "query", "account__username", "account_id", "is_default")
    nothing = Value("")
    layout = ListLayout.objects.filter(account=NUMBER).order_by()
    columns = layout.values_list(nothing, "columns", nothing, nothing, "account_id", Value(False))
    return prepare(list_counted() if is_counted else {}, facts.union(columns, all=True))


def describe_words(asked: ListAsked) -> str:
    """Return in words what a list is asked for."""
    words = [] if asked.query.get("status") else [str(TABS[asked.status])]
    words += [f"{chip.label}: {chip.words}" for chip in asked.query.chips]
    words += [f"“{asked.search}”"] if asked.search else []
    words += [str(SORT_LABELS[asked.sort])] if asked.sort != default_sort(asked.status) else []
    return " · ".join(words)


def count_views(views: Iterable[View], user: User) -> Mapping[str, str]:
    """Return the number of orders of each view as it is shown, by view_id; none where counting takes too long."""
    counted = {view.view_id: _find_orders(view.read(user)) for view in views}
    if not counted:
        return {}
    bounded: Any = connection
    limits = bounded.limits
    bounded.limit(replace(limits, statement=MOST_SECONDS))
    try:
        counts, _ = prepare(counted, None).read()
    except OperationalError as error:
        if find_fault(error) != Fault.SLOW:
            raise
        return {}
    finally:
        bounded.limit(limits)
    return {view_id: describe_count(count) for view_id, count in counts.items()}


def _find_orders(asked: ListAsked) -> OrderQuerySet:
    """Return as many orders of the list as are counted."""
    found, _, search = asked.table()
    return (found.filter(search.by_index) if search else found).order_by()[:MOST_COUNTED]
