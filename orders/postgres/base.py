"""The database backend: Django's own for PostgreSQL, with the limits of `OPTIONS["limits"]` on every connection."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from time import monotonic
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader, IsolationLevel
from django.db.backends.utils import CursorWrapper
from psycopg.adapt import AdaptersMap

from orders.postgres.connections import HEALTH_SECONDS, BoundedConnection, BoundedCursor
from orders.postgres.limits import UNLIMITED, Limits


class UtcLoader(BaseTzLoader):  # type: ignore[misc]
    """Reads times in UTC, as all of ours are, in a tenth of the time that Django's loader takes."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        """Return the time. What Python's own reader does not know, such as years before Christ, is left to Django's."""
        text = bytes(data).decode()
        if text.endswith("+00"):
            with suppress(ValueError):
                return datetime.fromisoformat(text)
        loaded: datetime = super().load(data)
        return loaded


@cache
def _read_utc_fast(adapters: AdaptersMap) -> AdaptersMap:
    """Return Django's adapters with ours."""
    ours = AdaptersMap(adapters)
    ours.register_loader("timestamptz", UtcLoader)
    return ours


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection of Django's whose statements, locks, pauses and silences are bounded."""

    def __init__(self, settings_dict: dict[str, Any], alias: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(settings_dict, alias)
        # Without a database of ours there is only CREATE and DROP DATABASE to do, which must run outside a transaction.
        limits = UNLIMITED if alias == NO_DB_ALIAS else settings_dict["OPTIONS"].get("limits", UNLIMITED)
        self.limits: Limits = limits
        pool = settings_dict["OPTIONS"].get("pool")
        if pool:
            pool["connection_class"] = BoundedConnection

    def limit(self, limits: Limits) -> None:
        """Have these limits from now on, in this thread."""
        self.limits = limits
        if self.connection is not None:
            self._put_limits(self.connection)

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the connection is made with. Of our options nothing is for the server."""
        params: dict[str, Any] = super().get_connection_params()
        params.pop("limits", None)
        if self.timezone == UTC:
            params["context"] = _read_utc_fast(params["context"])
        return {**params, "cursor_factory": BoundedCursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> BoundedConnection:
        """Make a connection, or take one out of the pool."""
        if self.pool:
            connection: BoundedConnection = super().get_new_connection(conn_params)
        else:
            self.isolation_level = IsolationLevel.READ_COMMITTED
            connection = BoundedConnection.connect(**conn_params)
        self._put_limits(connection)
        return connection

    def is_usable(self) -> bool:
        """Tell whether the connection lives; one that says nothing for HEALTH_SECONDS does not."""
        if self.connection is None:
            return False
        self.connection.answer_seconds = HEALTH_SECONDS
        try:
            # Nothing to carry out, and no limits before it: all that is asked for is an answer.
            psycopg.ClientCursor(self.connection).execute("")
        except psycopg.Error:
            return False
        else:
            return True
        finally:
            self._put_limits(self.connection)

    def chunked_cursor(self) -> CursorWrapper:
        """Return a cursor that reads in pieces; only within a transaction, for beyond one a pooler knows no cursors."""
        if self.get_autocommit():
            return self.cursor()
        with self.cursor() as cursor:
            cursor.execute("")  # the limits come before DECLARE
        return super().chunked_cursor()

    def _configure_connection(self, connection: BoundedConnection) -> bool:
        """Prepare a connection, which in a pool has not been given to anybody yet."""
        if not self.pool:
            self._put_limits(connection)
        return bool(super()._configure_connection(connection))  # type: ignore[misc]

    def _close(self) -> None:
        """Close the connection or give it back to the pool, which asks it no more than whether it lives."""
        if self.connection is not None and self.pool:
            self.connection.answer_seconds, self.connection.limits = HEALTH_SECONDS, UNLIMITED
            self.connection.given_back_at = monotonic()
        super()._close()  # type: ignore[misc]

    def _put_limits(self, connection: BoundedConnection) -> None:
        connection.limits = self.limits
        connection.answer_seconds = self.limits.answer
