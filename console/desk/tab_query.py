"""Which tab a query of the list names, and what is left of the query beside it."""

from django.http import QueryDict

from console.forms import TABS


def split_tab(query: QueryDict) -> tuple[str, QueryDict]:
    """Return the tab that the query's only status is, and the query without it; else `all`, and the whole query."""
    statuses = [status for status in query.getlist("status") if status]
    if statuses and (len(statuses) > 1 or statuses[0].casefold() not in TABS):
        return "all", query
    rest = query.copy()
    rest.pop("status", None)
    return (statuses[0].casefold() if statuses else "all"), rest
