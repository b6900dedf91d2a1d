"""Looks whether the database answers and can be written to, as probes ask it: within seconds, and without harm."""

import logging
import threading
from enum import StrEnum
from time import monotonic
from typing import Any, Final

from django.db import Error, ProgrammingError, connection, models, transaction
from psycopg.errors import InsufficientPrivilege, UndefinedTable

from orders.postgres.faults import Fault, find_fault, was_write_refused
from orders.postgres.limits import Limits

logger = logging.getLogger(__name__)

LIMITS: Final = Limits(statement=1.5, lock=1.0, idle_in_transaction=5.0)
# A write that went well is believed for this long, one that was refused, to whomever in this process, for that long.
WRITTEN_SECONDS: Final = 10.0
REFUSED_SECONDS: Final = 15.0
ADVISORY_LOCK: Final = 7_233_002


class DatabaseState(StrEnum):
    """What a probe is told of the database."""

    OK = "ok"
    AWAY = "away"
    SILENT = "does not answer"
    NOT_WRITABLE = "cannot write"
    NOT_MIGRATED = "tables are missing"


STATES: Final = {
    Fault.AWAY: DatabaseState.AWAY,
    Fault.NOT_WRITABLE: DatabaseState.NOT_WRITABLE,
    # A statement of a millisecond that took its whole time.
    Fault.SILENT: DatabaseState.SILENT,
    Fault.SLOW: DatabaseState.SILENT,
    Fault.BUSY: DatabaseState.SILENT,
}


class WriteProbe(models.Model):
    """A table of one row, written again each time to see whether writing works. It tells nothing."""

    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"written at {self.at}"


class DatabaseCheck:
    """Asks the database, and writes now and then. A process has one of these."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._write_at = float("-inf")
        self._may_write = True

    def look(self) -> DatabaseState:
        """Return how the database is; takes a few seconds at most.

        To be called in a thread that does nothing else, with a new connection each time, as for a person who comes now.
        """
        database: Any = connection
        database.limit(LIMITS)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            if was_write_refused(within=REFUSED_SECONDS):
                return DatabaseState.NOT_WRITABLE
            self._write_when_due()
        except Error as error:
            return _judge(error)
        return DatabaseState.OK

    def _write_when_due(self) -> None:
        """Write unless a write has just gone well. Raises Error."""
        with self._lock:
            if not self._may_write or monotonic() < self._write_at:
                return
        try:
            _write()
        except ProgrammingError as error:
            if not isinstance(error.__cause__, InsufficientPrivilege):
                raise
            logger.warning("skipped checking whether the database can be written to: %s", error)
            self._may_write = False
        with self._lock:
            self._write_at = monotonic() + WRITTEN_SECONDS


def _judge(error: Error) -> DatabaseState:
    if isinstance(error.__cause__, UndefinedTable):
        return DatabaseState.NOT_MIGRATED
    fault = find_fault(error)
    if fault is None:
        raise error
    return STATES[fault]


@transaction.atomic
def _write() -> None:
    """Write a row into a new file of its own, so that a disk without room for one is noticed. Raises Error.

    A row among others would find room in what the table has already.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        if cursor.fetchone()[0]:  # otherwise another process is just trying
            cursor.execute("TRUNCATE orders_writeprobe")
            cursor.execute("INSERT INTO orders_writeprobe (at) VALUES (now())")


database_check: Final = DatabaseCheck()
