"""Statements that can be sent as parts of another one: a step that writes several tables needs a single round trip.

The ORM takes longer to put such a statement together than PostgreSQL takes to carry it out, so the text is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.functions import Now
from psycopg import sql


@dataclass(frozen=True)
class Later:
    """A time so long after the statement that writes it, by PostgreSQL's clock."""

    delay: timedelta


KEY_OF: Final = "(SELECT key FROM part_{})"


@dataclass(frozen=True)
class Part:
    """A statement that writes one table, with its values; `row` gets the key that PostgreSQL gives it."""

    text: str
    values: tuple[Any, ...]
    row: models.Model | None = None


def insert(row: models.Model, *, unless_known: bool = False) -> Part:
    """Return the statement that writes a new row, or, with `unless_known`, leaves one alone that is there already."""
    given = [(field, getattr(row, field.attname)) for field in type(row)._meta.concrete_fields]
    written = [
        (field, value)
        for field, value in given
        if not isinstance(value, DatabaseDefault) and not (field.primary_key and value is None)
    ]
    names = tuple(field.attname for field, _ in written)
    later = tuple(field.attname for field, value in written if isinstance(value, Later))
    text = _insertion(type(row), names, later, unless_known=unless_known)
    values = tuple(
        value.delay if isinstance(value, Later) else field.get_db_prep_save(value, connection)
        for field, value in written
    )
    return Part(text, values, row if row.pk is None else None)


def update(model: type[models.Model], changes: Mapping[str, object], **where: object) -> Part:
    """Return the statement that changes rows: those whose columns are as `where` says, one of several for a tuple.

    `Now()` is the time of the statement.
    """
    fixed = tuple(name for name, value in changes.items() if not isinstance(value, Now))
    timed = tuple(name for name, value in changes.items() if isinstance(value, Now))
    several = tuple(name for name, value in where.items() if isinstance(value, tuple))
    text = _change(model, fixed, timed, tuple(where), several)
    values = (*(_prepare(model, name, changes[name]) for name in fixed), *_conditions(model, where))
    return Part(text, values)


def execute(*parts: Part) -> None:
    """Carry parts out as one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {put_before(parts)} SELECT {keys_of(parts)}", [value for part in parts for value in part.values]
        )
        for part, key in zip(parts, cursor.fetchone(), strict=True):
            take_key(part, key)


def put_before(parts: Sequence[Part]) -> str:
    """Return the parts as they stand between WITH and the statement that they are parts of."""
    return ", ".join(f"part_{number} AS ({part.text})" for number, part in enumerate(parts))


def keys_of(parts: Sequence[Part]) -> str:
    """Return the expressions for the keys that their rows get, for `take_key`, NULL for those that get none."""
    return ", ".join("NULL" if part.row is None else KEY_OF.format(number) for number, part in enumerate(parts))


def take_key(part: Part, key: object) -> None:
    """Give the part's row the key that it got; what else PostgreSQL gave it is read when somebody asks for it."""
    if part.row is not None:
        part.row.pk, part.row._state.adding = key, False
        given = [name for name, value in vars(part.row).items() if isinstance(value, DatabaseDefault | Later)]
        for name in given:
            delattr(part.row, name)


def _conditions(model: type[models.Model], where: Mapping[str, object]) -> Sequence[object]:
    return [
        [_prepare(model, name, each) for each in value] if isinstance(value, tuple) else _prepare(model, name, value)
        for name, value in where.items()
    ]


def _prepare(model: type[models.Model], name: str, value: object) -> object:
    """Return a value as the driver takes it."""
    prepared: object = _find_field(model, name).get_db_prep_save(value, connection)
    return prepared


@cache
def _find_field(model: type[models.Model], name: str) -> Any:
    if name == "pk":
        return model._meta.pk
    return next(field for field in model._meta.concrete_fields if field.attname == name)


@cache
def _insertion(model: type[models.Model], names: tuple[str, ...], later: tuple[str, ...], *, unless_known: bool) -> str:
    columns = [_find_field(model, name).column for name in names]
    conflict = "ON CONFLICT DO NOTHING " if unless_known else ""
    return (
        sql.SQL("INSERT INTO {} ({}) VALUES ({}) {}RETURNING {} AS key")
        .format(
            sql.Identifier(model._meta.db_table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.SQL("statement_timestamp() + %s" if name in later else "%s") for name in names),
            sql.SQL(conflict),
            sql.Identifier(_find_field(model, "pk").column),
        )
        .as_string()
    )


@cache
def _change(
    model: type[models.Model],
    fixed: tuple[str, ...],
    timed: tuple[str, ...],
    where: tuple[str, ...],
    several: tuple[str, ...],
) -> str:
    def pair(name: str, value: str) -> sql.Composed:
        return sql.SQL("{} = {}").format(sql.Identifier(_find_field(model, name).column), sql.SQL(value))

    changes = [pair(name, "%s") for name in fixed] + [pair(name, "statement_timestamp()") for name in timed]
    conditions = [pair(name, "ANY(%s)" if name in several else "%s") for name in where]
    return (
        sql.SQL("UPDATE {} SET {} WHERE {}")
        .format(sql.Identifier(model._meta.db_table), sql.SQL(", ").join(changes), sql.SQL(" AND ").join(conditions))
        .as_string()
    )
