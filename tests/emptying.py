"""Empties the tables after a test that committed, and puts back what the migrations had written.

Django's own way, TRUNCATE of every table and all that follows a migration, takes a third of a second. Tests leave a few
rows behind, and deleting those takes some milliseconds.
"""

from typing import Any, Final

from django.db import connection, transaction
from django.db.utils import OperationalError
from psycopg import sql
from psycopg.errors import DeadlockDetected

from orders.postgres.limits import UNLIMITED
from tests.database import past_the_rules

# What the migrations write, in the sequence in which rows depend on each other.
WRITTEN_BY_MIGRATIONS: Final = (
    *("django_content_type", "auth_permission", "auth_group", "auth_group_permissions", "orders_reason"),
)
# The workers of other tests may be in the middle of something.
ATTEMPTS: Final = 10

Rows = dict[str, list[tuple[Any, ...]]]


def read_written_rows() -> Rows:
    """Return the rows that the migrations have written, by table."""
    with connection.cursor() as cursor:
        return {table: _read_rows(cursor, table) for table in WRITTEN_BY_MIGRATIONS}


def empty_tables(written: Rows) -> None:
    """Delete what tests have committed, and leave `written` as it was. Raises OperationalError."""
    bounded: Any = connection
    limits = bounded.limits
    bounded.limit(UNLIMITED)
    try:
        _try_to_empty(written)
    finally:
        bounded.limit(limits)


def _try_to_empty(written: Rows) -> None:
    for attempt in range(ATTEMPTS):
        try:
            _empty(written)
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or attempt == ATTEMPTS - 1:
                raise


def _empty(written: Rows) -> None:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    others = [table for table in tables if table not in written]
    with past_the_rules(), transaction.atomic(), connection.cursor() as cursor:
        # Whoever changes an order holds its row: once they are done, nothing of theirs comes late.
        cursor.execute("LOCK TABLE orders_order IN EXCLUSIVE MODE")
        for table in others:
            _delete_rows(cursor, table)
        for table, rows in written.items():
            if _read_rows(cursor, table) != rows:
                _delete_rows(cursor, table)
                values = sql.SQL(", ").join(sql.Placeholder() * len(rows[0]))
                cursor.executemany(sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(table), values), rows)


def _read_rows(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql.SQL("SELECT * FROM {} ORDER BY id").format(sql.Identifier(table)))
    return list(cursor.fetchall())


def _delete_rows(cursor: Any, table: str) -> None:
    cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
