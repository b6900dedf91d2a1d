"""Querysets whose statement is put together once: for a page of a few short reads Django takes longer to write them.

Writing a statement from a queryset costs as much as sending it and reading the answer. What a page asks is the same
each time but for some values, so it is written once, with stand-ins for these.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)

# A stand-in for a number; none is a primary key.
NUMBER: Final = -7_000_000_001
OTHER_NUMBER: Final = -7_000_000_002
# And for texts, which nobody can have typed.
TEXT: Final = "a text that stands in for another"
OTHER_TEXT: Final = "a second text that stands in for another"


class PreparedQuery(Generic[M]):
    """A queryset of whole or deferred rows, with `select_related` and annotations; not with prefetches."""

    def __init__(self, make: Callable[[], QuerySet[M]]) -> None:
        self._make = make
        self._statement: _Statement | None = None

    def read(self, values: Mapping[Hashable, Any]) -> list[M]:
        """Return the rows; `values` are sent for the stand-ins."""
        # Two threads may do this at the same time, and come to the same.
        statement = self._statement = self._statement or _Statement(self._make())
        return statement.read(values)


class _Statement:
    """What Django's own iteration over a queryset works out each time, and what depends on no value."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        compiler = queryset.query.get_compiler(using=queryset.db)
        self._sql, self._params = compiler.as_sql()
        compiler.setup_query()
        columns = [column for column, *_ in compiler.select]
        self._converters = [(place, *found) for place, found in compiler.get_converters(columns).items()]
        self._annotations = compiler.annotation_col_map or {}
        info: Any = compiler.klass_info
        self._model: Any = info["model"]
        self._begin, self._end = info["select_fields"][0], info["select_fields"][-1] + 1
        self._fields = [column[0].target.attname for column in compiler.select[self._begin : self._end]]
        # The types are those of Django 6, which takes one argument more.
        self._related = get_related_populators(info, compiler.select, queryset.db)  # type: ignore[call-arg]

    def read(self, values: Mapping[Hashable, Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(self._sql, [values.get(param, param) for param in self._params])
            rows = cursor.fetchall()
        return [self._build(list(row)) for row in rows]

    def _build(self, row: list[Any]) -> Any:
        for place, converters, expression in self._converters:
            for convert in converters:
                row[place] = convert(row[place], expression, connection)
        built = self._model.from_db(connection.alias, self._fields, row[self._begin : self._end])
        for related in self._related:
            related.populate(row, built)
        for name, place in self._annotations.items():
            setattr(built, name, row[place])
        return built
