"""The link from an order back to the list the user came from: tab, filters, sort, search and page.

It is the query parameter `from`, so it needs no JavaScript and each browser tab has its own. Only the list's own query
is read from it, so it cannot lead to another page, let alone another site.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from console.desk.tab_query import split_tab
from console.forms import ListForm
from orders.listing.list_query import ListQuery

PARAMETER: Final = "from"
KEPT: Final = ("sort", "q", "cursor", "view")
LONGEST: Final = 1000
# Where an order is opened in another way, the orders that wait are the list to go to.
USUAL: Final = "status=awaiting"
# The query stands in an address within an address: only what would end or change it is escaped twice.
_ESCAPED: Final = re.compile(r"[%&+;#=\s]")


@dataclass(frozen=True)
class WayBack:
    """A list of orders, by its query string."""

    query: str = ""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "WayBack":
        """Return the way to the list with these names and values in its query, without empty values."""
        escaped = (f"{name}={_ESCAPED.sub(lambda found: quote(found[0]), value)}" for name, value in pairs if value)
        return cls("&".join(escaped))

    @classmethod
    def read(cls, request: HttpRequest) -> "WayBack":
        """Read the way back from the query string or a form; invalid values are ignored."""
        given = request.GET.get(PARAMETER) or request.POST.get(PARAMETER) or ""
        if not given:
            return cls()
        query = QueryDict(given[:LONGEST])
        values, _ = ListForm.read(query)
        status, rest = split_tab(query)
        filters = ListQuery.read(rest)
        tab = status if "status" in query and not filters.get("status") and "status" not in filters.errors else ""
        readable = (pair for pair in filters.typed if pair[0] not in filters.errors)
        return cls.of([("status", tab), *readable, *((name, values.get(name) or "") for name in KEPT)])

    @property
    def url(self) -> str:
        query = QueryDict(self.query or USUAL)
        return f"{reverse('order-list')}?{urlencode(list(query.lists()), doseq=True)}"

    @property
    def suffix(self) -> str:
        """What the address of an order's page gets, so that it knows the way; empty where there is nothing to know."""
        return f"?{urlencode({PARAMETER: self.query})}" if self.query else ""

    @property
    def addition(self) -> str:
        """The same as `suffix`, for an address that has a query already."""
        return self.suffix.replace("?", "&", 1)
