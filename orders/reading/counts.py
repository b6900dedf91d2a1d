"""Several counts, or rows and counts, by one statement: a page pays for one answer of the database, not for each."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet


def count_each(counted: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Return the number of rows of each queryset; one that is cut with `[:limit]` reads no more rows than that."""
    return read_with_counts(counted, None)[0]


def read_with_counts(
    counted: Mapping[str, QuerySet[Any]], rows: QuerySet[Any] | None
) -> tuple[dict[str, int], list[tuple[Any, ...]]]:
    """Return the counts, as `count_each` does, and the rows of a `values_list` as PostgreSQL gives them."""
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
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        answer = cursor.fetchall()
    width = len(columns)
    counts = dict(zip(counted, answer[0][1:width], strict=True))
    # Where no row was found, the counts stand alone.
    return counts, [line[width:] for line in answer if len(line) > width and line[width] is not None]
