"""The link from an order back to the list the user came from: its tab, sort order, search and page.

It is the query parameter `from`, so it needs no JavaScript and each browser tab has its own. Only the list's own query
is read from it, so it cannot lead to another page, let alone another site.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from console.forms import ListForm

PARAMETER: Final = "from"
KEPT: Final = ("status", "sort", "q", "cursor")
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
    def to(cls, **query: str) -> "WayBack":
        """Return the way to the list with this query, without empty values."""
        pairs = ((name, query.get(name, "")) for name in KEPT)
        escaped = (f"{name}={_ESCAPED.sub(lambda found: quote(found[0]), value)}" for name, value in pairs if value)
        return cls("&".join(escaped))

    @classmethod
    def read(cls, request: HttpRequest) -> "WayBack":
        """Read the way back from the query string or a form; invalid values are ignored."""
        given = request.GET.get(PARAMETER) or request.POST.get(PARAMETER) or ""
        if not given:
            return cls()
        values, _ = ListForm.read(QueryDict(given[:LONGEST]))
        return cls.to(**{name: values.get(name) or "" for name in KEPT})

    @property
    def url(self) -> str:
        query = QueryDict(self.query or USUAL)
        return f"{reverse('order-list')}?{urlencode(query.dict())}"

    @property
    def suffix(self) -> str:
        """What the address of an order's page gets, so that it knows the way; empty where there is nothing to know."""
        return f"?{urlencode({PARAMETER: self.query})}" if self.query else ""

    @property
    def addition(self) -> str:
        """The same as `suffix`, for an address that has a query already."""
        return self.suffix.replace("?", "&", 1)
