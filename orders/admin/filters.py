"""Filters of the admin's lists: only those that a list offers, with values that PostgreSQL can compare.

Django lets an address filter by every column with every lookup. Some of those values only PostgreSQL refuses, which
would be a failure of the page, and a regular expression can keep it busy for as long as it may.
"""

import re
from datetime import UTC, timedelta
from typing import Final

from django.db import models
from django.http import HttpRequest
from django.utils.dateparse import parse_date, parse_datetime

# What Django's own filters append to the name of a field, if anything; one by another table's rows names their key too.
OFFERED: Final = re.compile(r"(?:(?:__id)?__(?:exact|isnull|gte|lt))?")

# https://www.postgresql.org/docs/current/datatype-datetime.html: up to 15:59:59 east or west of Greenwich.
WIDEST_OFFSET: Final = timedelta(hours=16)


class OfferedFilters:
    """Refuses, with 400, a filter that the list does not offer. For a ModelAdmin, before its other bases."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Tell whether the list has such a filter, and `value` is one that it can have."""
        for offered in self.get_list_filter(request):  # type: ignore[attr-defined]
            name = offered[0] if isinstance(offered, tuple) else offered
            if not isinstance(name, str):
                if lookup == name.parameter_name:
                    return True
            elif lookup.startswith(name) and OFFERED.fullmatch(lookup, len(name)):
                is_moment = isinstance(self.model._meta.get_field(name), models.DateField)  # type: ignore[attr-defined]
                return not is_moment or lookup.endswith("__isnull") or is_comparable_moment(value)
        return False


def is_comparable_moment(text: str) -> bool:
    """Tell whether a text is a day, or a time that has a place in UTC, at an offset that PostgreSQL takes."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            return parse_date(text) is not None
        offset = moment.utcoffset() or timedelta()
        moment.replace(tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return False
    return abs(offset) < WIDEST_OFFSET
