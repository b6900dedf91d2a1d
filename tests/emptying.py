"""Empties the tables after a test that committed, and puts back what the migrations had written.

Django's own way, TRUNCATE of every table and all that follows a migration, takes a third of a second. Tests leave a few
rows behind, and deleting those takes some milliseconds.
"""

from dataclasses import dataclass
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
    *("orders_customermessage", "orders_customertext", "orders_noticemark"),
)
# The workers of other tests may be in the middle of something.
ATTEMPTS: Final = 10


@dataclass(frozen=True)
class Written:
    """What the migrations have written: the rows by table, and what tells whether they are still the same."""

    rows: dict[str, list[tuple[Any, ...]]]
    digests: list[tuple[str, str]]
    # Empties all other tables. One message to the server, for some forty of them are empty already.
    empty_others: sql.Composed


def read_written_rows() -> Written:
    """Return the rows that the migrations have written."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    statements = [_delete_rows(table) for table in tables if table not in WRITTEN_BY_MIGRATIONS]
    with connection.cursor() as cursor:
        rows = {table: _read_rows(cursor, table) for table in WRITTEN_BY_MIGRATIONS}
        return Written(rows, _read_digests(cursor), sql.SQL("; ").join(statements))


def empty_tables(written: Written) -> None:
    """Delete what tests have committed, and leave `written` as it was. Raises OperationalError."""
    bounded: Any = connection
    limits = bounded.limits
    bounded.limit(UNLIMITED)
    try:
        _try_to_empty(written)
    finally:
        bounded.limit(limits)


def _try_to_empty(written: Written) -> None:
    for attempt in range(ATTEMPTS):
        try:
            _empty(written)
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or attempt == ATTEMPTS - 1:
                raise


def _empty(written: Written) -> None:
    with past_the_rules(), transaction.atomic(), connection.cursor() as cursor:
        # Whoever changes an order holds its row: once they are done, nothing of theirs comes late.
        cursor.execute("LOCK TABLE orders_order IN EXCLUSIVE MODE")
        cursor.execute(written.empty_others)
        found = _read_digests(cursor)
        for table in (table for (table, digest) in written.digests if (table, digest) not in found):
            rows = written.rows[table]
            cursor.execute(_delete_rows(table))
            values = sql.SQL(", ").join(sql.Placeholder() * len(rows[0]))
            cursor.executemany(sql.SQL("INSERT INTO {} VALUES ({})").format(sql.Identifier(table), values), rows)


def _read_rows(cursor: Any, table: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql.SQL("SELECT * FROM {} ORDER BY id").format(sql.Identifier(table)))
    return list(cursor.fetchall())


def _read_digests(cursor: Any) -> list[tuple[str, str]]:
    """Return, for each table that migrations write to, a digest of its rows."""
    digest = "SELECT {}, md5(string_agg(written::text, ';' ORDER BY id)) FROM {} written"
    asked = [sql.SQL(digest).format(table, sql.Identifier(table)) for table in WRITTEN_BY_MIGRATIONS]
    cursor.execute(sql.SQL(" UNION ALL ").join(asked))
    return list(cursor.fetchall())


def _delete_rows(table: str) -> sql.Composed:
    return sql.SQL("DELETE FROM {}").format(sql.Identifier(table))
