"""Search in orders: every word that is typed must begin a word of the order id, the name or the e-mail.

A tsvector of the words as they are (PostgreSQL's parser would take 1E5 in an order id for a number) and a GIN index;
no extension is needed.
"""

import re
from typing import Any, Final

from django.contrib.postgres.search import SearchVectorField
from django.db.models import F, Func, Lookup

SEPARATORS: Final = "-_.,@+'"
MOST_WORDS: Final = 10


def search_document(*columns: str) -> Func:
    """Return the words of several columns, in lower case; separators such as @ and - part words as in `prefix_query`.

    Made of Django's own parts alone, so that the migration of a generated column holds the whole expression.
    """
    separators, blanks = SEPARATORS.replace("'", "''"), " " * len(SEPARATORS)
    return Func(
        *(F(column) for column in columns),
        arg_joiner=" || ' ' || ",
        template="array_to_tsvector(array_remove(string_to_array("
        f"translate(lower(%(expressions)s), '{separators}', '{blanks}'), ' '), ''))",
        output_field=SearchVectorField(),
    )


@SearchVectorField.register_lookup
class MatchesPrefixes(Lookup):
    """`column__matches=query` for a query made by `prefix_query`, without PostgreSQL's parser."""

    lookup_name = "matches"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return `column @@ query::tsquery`."""
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", (*left_params, self.rhs)


def prefix_query(text: str) -> str:
    """Turn what a person typed into a tsquery of prefixes, or an empty text when it holds no word."""
    words = [word for word in re.split(r"[\W_]+", text.lower()) if word]
    return " & ".join(f"'{word}':*" for word in words[:MOST_WORDS])
