"""Lists by the query string that is kept of them, for work that nobody waits for."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.listing.filters import AWAITING, FILTERS
from orders.listing.list_query import SORTS, ListQuery
from orders.listing.values import Given, is_relative, read_date
from orders.models import Order
from orders.reading.pages import Ordering, Search
from orders.reading.querysets import NEWEST, NEXT_TO_EXPIRE, OrderQuerySet, read_order_search

# The tab of all orders: no status at all.
ALL = "all"


@dataclass(frozen=True)
class SavedList:
    """What a list asks for: its orders, their order, and the search among them."""

    orders: OrderQuerySet
    ordering: Ordering
    search: Search | None

    @property
    def table(self) -> tuple[OrderQuerySet, Ordering, Search | None]:
        return self.orders, self.ordering, self.search

    def count(self, most: int | None = None) -> int:
        """Return how many orders it has now, or `most` where there are more; to be called where nobody waits."""
        found = self.orders.filter(self.search.by_index) if self.search else self.orders
        return found.order_by()[:most].count()


def fix_days(text: str) -> str:
    """Return a query string that names each day by its date, those that are so long ago in the current time zone.

    A list that takes long to be read begins on one day and may end on the next.
    """
    given = QueryDict(text, mutable=True)
    for name, asked in FILTERS.items():
        if asked.kind == "date" and name in given:
            given.setlist(name, [_fix_day(each) for each in given.getlist(name)])
    return given.urlencode()


def _fix_day(text: str) -> str:
    return read_date(text, Given()).on.isoformat() if is_relative(text) else text


def read_list(text: str, *, reader: User) -> SavedList:
    """Return the list of a query string, as this person would see it. Raises OrderInvalid where it cannot be read."""
    given = QueryDict(text, mutable=True)
    given.setlist("status", [status for status in given.getlist("status") if status != ALL])
    query = ListQuery.read(given, username=reader.get_username(), account_id=reader.pk)
    typed = given.get("q", "")
    search = read_order_search(typed) if typed else None
    if query.errors or (typed and search is None):
        raise OrderInvalid(_("This list cannot be read any more."))
    usual = NEXT_TO_EXPIRE if query.get("status") == [AWAITING] else NEWEST
    sort = given.get("sort", "")
    ordering = SORTS[sort] if sort and query.may_sort(sort) else usual
    return SavedList(query.narrow(Order.objects.all()), ordering, query.search(search))
