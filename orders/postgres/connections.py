"""Connections that bound the waiting for a server that says nothing at all, and what is sent first in a transaction.

A server that is stopped, or whose machine has vanished, answers no statement and applies no timeout of its own. TCP has
its own bounds for a peer that is gone; a Unix socket, and a server whose machine still runs, have none.
"""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final, TypeVar

import psycopg
from django.db.backends.postgresql.base import CursorMixin
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from orders.postgres.faults import ServerSilent, note_write_refused
from orders.postgres.limits import UNLIMITED, Limits

T = TypeVar("T")

# Whether a connection lives is a question that a healthy server answers in a millisecond.
HEALTH_SECONDS: Final = 2.0
# A pooled connection that answered within so many seconds lives, unless its line has news.
TRUSTED_SECONDS: Final = 5.0
# After a server did not take a connection in time, one caller in so many seconds tries again, others fail at once.
COOL_DOWN_SECONDS: Final = 3.0


class _Watch:
    """Remembers which servers did not take a connection in time, so that not every thread hangs in its turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._try_again_at: dict[Any, float] = {}

    @contextmanager
    def connecting(self, server: Any) -> Iterator[None]:
        """Surround the making of a connection. Raises ServerSilent at once while the server is known to be silent."""
        with self._lock:
            try_again_at = self._try_again_at.get(server)
            if try_again_at is not None:
                if monotonic() < try_again_at:
                    raise ServerSilent("the server did not respond a moment ago")
                self._try_again_at[server] = monotonic() + COOL_DOWN_SECONDS
        try:
            yield
        except psycopg.errors.ConnectionTimeout:
            with self._lock:
                self._try_again_at[server] = monotonic() + COOL_DOWN_SECONDS
            raise
        except psycopg.Error:
            self._forget(server)  # it answered, if only by refusing
            raise
        self._forget(server)

    def _forget(self, server: Any) -> None:
        with self._lock:
            self._try_again_at.pop(server, None)


_watch = _Watch()


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose every answer is waited for `answer_seconds` at most; None is for ever."""

    limits: Limits = UNLIMITED
    answer_seconds: float | None = HEALTH_SECONDS
    # When it was given back to a pool, by time.monotonic.
    given_back_at: float | None = None

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> "BoundedConnection":
        """Connect, unless the server has just been found silent. Raises psycopg.OperationalError."""
        with _watch.connecting((kwargs.get("host"), kwargs.get("port"))):
            return super().connect(conninfo, **kwargs)

    def execute(self, query: Any, params: Any = None, **options: Any) -> psycopg.Cursor[Any]:
        """Execute the query; the empty one, by which a pool asks whether the connection lives, only where in doubt."""
        if query == "" and self._is_trusted():
            return self.cursor()
        return super().execute(query, params, **options)

    def _is_trusted(self) -> bool:
        """Tell whether it was given back a moment ago, and the server has not hung up or said anything since."""
        if self.given_back_at is None or monotonic() > self.given_back_at + TRUSTED_SECONDS:
            return False
        line = select.poll()
        line.register(self.fileno(), select.POLLIN)
        return not line.poll(0)

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait for an answer. Raises ServerSilent, and gives the connection up, when none comes in time."""
        if timeout is not None or self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        end = monotonic() + self.answer_seconds
        try:
            return super().wait(gen, interval, self.answer_seconds)
        except psycopg.OperationalError as error:
            if error.sqlstate is not None or self.closed or monotonic() < end:
                raise
            # What the server may still say belongs to a question that nobody asks any more.
            self.pgconn.finish()
            raise ServerSilent(f"the server did not answer within {self.answer_seconds:g} s") from error


class BoundedCursor(CursorMixin, psycopg.ClientCursor[Any]):
    """A cursor that sends the limits with the statement that begins a transaction.

    By the simple protocol several statements in one text are one transaction. So a single SELECT is bounded too, takes
    no further round trip, and leaves nothing behind in a session that a pooler gives to somebody else next.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> "BoundedCursor":
        """Execute the query, with the limits before it where it begins a transaction."""
        first = _first_statements(self.connection)
        try:
            super().execute(_put_before(query, first) if first else query, params, **options)
        except psycopg.Error as error:
            note_write_refused(error)
            raise
        for _ in first:
            self.nextset()
        return self

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
        """Execute the query once for each of the parameters; together they are one transaction."""
        first = _first_statements(self.connection)
        if not first:
            super().executemany(query, params_seq, **options)
            return
        with self.connection.transaction():
            super().execute("; ".join(first))
            super().executemany(query, params_seq, **options)


def _first_statements(connection: Any) -> tuple[str, ...]:
    """Return the statements to be sent with the next one: the limits where a transaction begins with it.

    Without limits a statement outside of a transaction is left alone, because some must run outside one, such as
    CREATE INDEX CONCURRENTLY.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return ()
    limits: Limits = connection.limits
    return () if connection.autocommit and limits == UNLIMITED else limits.statements


def _put_before(query: Any, first: tuple[str, ...]) -> Any:
    """Return the query, in whatever form it came, with the statements `first` before it."""
    text = "".join(f"{statement}; " for statement in first)
    if isinstance(query, bytes):
        return text.encode() + query
    return sql.SQL(text) + query if isinstance(query, sql.Composable) else text + query
