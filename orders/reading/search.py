"""Search in orders: row and query are cut into words by the same functions of PostgreSQL.

Each word that is typed must begin a word of what the order's page shows. An identifier is found by its beginning or by
its last characters, with spaces and hyphens anywhere, and with O, I and L for the digits that look like them. The
functions stand in the migration that makes them; a GIN index serves them, and no extension is needed.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db import connection
from django.db.models import F, Func, Lookup, TextField

from orders.reading.known_words import known_words
from orders.texts import clean_line

# No name, address or e-mail of an order is longer; PostgreSQL's functions bound the rest.
LONGEST_SEARCH: Final = 254
# The address of an order's page, or of its run in the Temporal Web UI: what counts of it is the id.
# It begins where a word begins: sought from each character of a long word, it would take the square of its length.
_ADDRESS_WITH_ID: Final = re.compile(
    r"(?<!\S)\S*/(?:shipping-)?((?:order|pay)-[A-Za-z0-9][A-Za-z0-9_-]*)\S*", re.IGNORECASE
)
_ORDER_ID: Final = re.compile(r"order-[A-Za-z0-9][A-Za-z0-9_-]*", re.IGNORECASE)


def search_document(order_id: str, payment_id: str, *, texts: tuple[str, ...], codes: tuple[str, ...]) -> Func:
    """Return what an order is found by: the words of some columns, and identifiers in others, one a line.

    Made of Django's own parts alone, so that the migration of a generated column holds the whole expression.
    """
    return Func(
        F(order_id),
        F(payment_id),
        _array(*texts),
        _array(*codes),
        function="order_search_document",
        output_field=SearchVectorField(),
    )


def _array(*columns: str) -> Func:
    template = "ARRAY[%(expressions)s]"
    return Func(*map(F, columns), arg_joiner=", ", template=template, output_field=TextField())


class QueryLookup(Lookup):
    """A comparison of a search document with a query, written as `template`."""

    prepare_rhs = False
    template: str

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the template with the column in its place."""
        left, left_params = self.process_lhs(compiler, connection)
        return self.template.format(left), (*left_params, self.rhs)


@SearchVectorField.register_lookup
class MatchesByIndex(QueryLookup):
    """`column__matches=query` for a query of `read_search`, to be looked up in the index.

    PostgreSQL guesses that each beginning of a word is in a fiftieth of all rows, however rare it is, and adds that up
    for each that will do, until it rather reads the whole table. Of a query that it does not see before, it guesses
    less.
    """

    lookup_name = "matches"
    template = "{} @@ (SELECT %s::tsquery)"


@SearchVectorField.register_lookup
class MatchesRow(QueryLookup):
    """`column__matches_row=query` for the same query, to be asked of each row of few: no index can serve it."""

    lookup_name = "matches_row"
    template = "({} @@ %s::tsquery) IS TRUE"


@SearchVectorField.register_lookup
class MatchesTyped(QueryLookup):
    """`column__matches_typed=text` for what a person typed, as `clean_search` returns it; read by the statement itself.

    It saves a round trip where nobody has to know what the query came to.
    """

    lookup_name = "matches_typed"
    template = "{} @@ (SELECT order_search_query(%s))"


@SearchVectorField.register_lookup
class NamesOrder(QueryLookup):
    """`column__names=text` for the order whose whole id is `text`, however that is typed."""

    lookup_name = "names"
    template = "{} @@ (SELECT order_id_query(%s))"


@dataclass(frozen=True)
class SearchQuery:
    """Two tsqueries: the whole one, and its rarest words alone, which find all that the whole one finds, and more."""

    whole: str
    cut: str


def clean_search(text: str) -> str:
    """Return what counts of a text that a person typed to search for."""
    return _ADDRESS_WITH_ID.sub(r"\1", clean_line(text, limit=None))[:LONGEST_SEARCH]


def read_search(text: str) -> SearchQuery | None:
    """Return what a person typed as a query, or None when it holds nothing that can be searched for.

    Only as much as the longest text of an order is looked at.
    """
    cut = clean_search(text)
    if not cut:
        return None
    words, shares = known_words()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT order_search_query(%s)::text, order_search_cut(%s, %s::text[], %s::real[])::text",
            [cut, cut, words, shares],
        )
        whole, rarest = cursor.fetchone()
    return SearchQuery(whole, rarest or whole) if whole else None


def find_ids(text: str) -> list[str]:
    """Return what in a text might be a whole order id: the text itself, and what looks like one in it."""
    cut = clean_line(text, limit=None)[:LONGEST_SEARCH]
    return [*_ORDER_ID.findall(cut), cut] if cut else []
