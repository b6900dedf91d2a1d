"""Several counts, or rows and counts, by one statement: a page pays for one answer of the database, not for each."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


@dataclass(frozen=True)
class Prepared:
    """A statement that reads counts and rows, put together once to be sent again and again.

    It was made of querysets with stand-ins among their values, for which other values are sent.
    """

    sql: str
    params: tuple[Any, ...]
    names: tuple[str, ...]

    def read(self, values: Mapping[Hashable, Any] | None = None) -> tuple[dict[str, int], list[tuple[Any, ...]]]:
        """Return the counts by name, and the rows as PostgreSQL gives them; `values` are sent for the stand-ins."""
        given = values or {}
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [given.get(param, param) for param in self.params])
            answer = cursor.fetchall()
        width = len(self.names) + 1
        counts = dict(zip(self.names, answer[0][1:width], strict=True))
        # Where no row was found, the counts stand alone.
        return counts, [line[width:] for line in answer if len(line) > width and line[width] is not None]


def prepare(counted: Mapping[str, QuerySet[Any]], rows: QuerySet[Any] | None) -> Prepared:
    """Return the statement for the number of rows of each queryset, and for the rows of a `values_list`.

    A counted queryset that is cut with `[:limit]` reads no more rows than that.
    """
    columns: list[str] = ["true"]
    params: list[Any] = []
    for queryset in counted.values():
        sql, given = queryset.values("pk").query.sql_with_params()
        columns.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 - put together from what Django writes
        params += given
    statement = f"SELECT {', '.join(columns)}"
    try:
        sql, given = rows.query.sql_with_params() if rows is not None else ("", ())
    except EmptyResultSet:
        sql, given = "", ()
    if sql:
        statement = f"SELECT counts.*, found.* FROM ({statement}) AS counts LEFT JOIN ({sql}) AS found ON true"  # noqa: S608
        params += given
    return Prepared(statement, tuple(params), tuple(counted))
