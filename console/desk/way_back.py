"""The way back from an order to the list that one came from: its tab, order, search and page.

It travels in the address, as `from`, so that it needs no JavaScript and each tab of a browser has its own. What is read
from it is the query of the list and nothing else: it leads to no other page, let alone another site.
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
    """A list of orders, by the query of its address."""

    query: str = ""

    @classmethod
    def to(cls, **query: str) -> "WayBack":
        """Return the way to the list with this query; what is empty is left out."""
        pairs = ((name, query.get(name, "")) for name in KEPT)
        escaped = (f"{name}={_ESCAPED.sub(lambda found: quote(found[0]), value)}" for name, value in pairs if value)
        return cls("&".join(escaped))

    @classmethod
    def read(cls, request: HttpRequest) -> "WayBack":
        """Read the way back from the address, or from a form; what makes no sense is left out."""
        given = request.GET.get(PARAMETER) or request.POST.get(PARAMETER) or ""
        form = ListForm(QueryDict(given[:LONGEST]))
        form.is_valid()
        return cls.to(**{name: form.cleaned_data.get(name) or "" for name in KEPT})

    @property
    def url(self) -> str:
        """The address of the list."""
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
