"""What may be wrong with the database, told from the errors that it and its driver raise by their SQLSTATE codes."""

from collections.abc import Mapping
from enum import StrEnum
from time import monotonic
from typing import Final

import psycopg
from django.db import Error, InterfaceError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

# Appendix A of PostgreSQL's manual. Where another transaction stands in the way, and waiting helps:
BUSY_STATES: Final = frozenset(
    {
        "55P03",  # lock_not_available
        "40P01",  # deadlock_detected
        "40001",  # serialization_failure
    }
)
# Where reading goes on and writing does not:
NOT_WRITABLE_STATES: Final = frozenset(
    {
        "53100",  # disk_full
        "25006",  # read_only_sql_transaction, as after a failover to a standby
        "58030",  # io_error
    }
)
SLOW_STATES: Final = frozenset(
    {
        "57014",  # query_canceled, by statement_timeout
        "25P04",  # transaction_timeout
    }
)
# Where the connection is of no use, or could not be made:
AWAY_STATES: Final = frozenset(
    {
        "25P03",  # idle_in_transaction_session_timeout
        "53200",  # out_of_memory
        "53300",  # too_many_connections
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
        "57P05",  # idle_session_timeout
    }
)
# connection_exception, and a sign-in that the server refuses
LOST_CLASSES: Final = ("08", "28")


class Fault(StrEnum):
    """What is wrong with the database."""

    AWAY = "away"
    SILENT = "silent"
    BUSY = "busy"
    SLOW = "slow"
    NOT_WRITABLE = "not_writable"


FAULTS: Final = {
    Fault.BUSY: BUSY_STATES,
    Fault.NOT_WRITABLE: NOT_WRITABLE_STATES,
    Fault.SLOW: SLOW_STATES,
    Fault.AWAY: AWAY_STATES,
}

FAULT_SENTENCES: Final[Mapping[Fault, Promise]] = {
    Fault.AWAY: gettext_lazy(
        "The database cannot be reached. Orders in progress are safe and will continue when it is back."
    ),
    Fault.SILENT: gettext_lazy(
        "The database is not responding. Orders in progress are safe and will continue when it is back."
    ),
    Fault.BUSY: gettext_lazy("Someone else is changing this order, and waiting for them took too long."),
    Fault.SLOW: gettext_lazy("This took the database too long, so it was stopped."),
    Fault.NOT_WRITABLE: gettext_lazy("The database cannot save changes: its disk is full, or it is under maintenance."),
}


# What to do at a terminal, behind the sentence that says what is wrong.
START_IT: Final = "Start it, or set DATABASE_URL to another one. make run starts a console with its own PostgreSQL."
MISSING_TABLES: Final = (
    "The database's tables are missing or belong to another release. Run the migrate command first; "
    "make run does it for you."
)
# undefined_table and undefined_column
MISSING_STATES: Final = frozenset({"42P01", "42703"})


def are_tables_missing(error: BaseException) -> bool:
    """Tell whether `error` was raised because the migrations have not been applied to this database."""
    cause = error.__cause__ if isinstance(error, Error) else error
    return isinstance(cause, psycopg.Error) and cause.sqlstate in MISSING_STATES


def find_fault(error: BaseException) -> Fault | None:
    """Return what is wrong with the database when that is why `error` was raised, None for any other error.

    A mistake of ours, such as a constraint that was hurt or a table that is missing, is no fault of the database.
    """
    cause = error.__cause__ if isinstance(error, Error) else error
    if isinstance(error, InterfaceError) and not isinstance(cause, psycopg.Error):
        return Fault.AWAY  # Django's own: the connection is closed
    if not isinstance(cause, psycopg.Error):
        return None
    state = cause.sqlstate
    for fault, states in FAULTS.items():
        if state in states:
            return fault
    if state is None and isinstance(cause, ServerSilent | psycopg.errors.ConnectionTimeout):
        return Fault.SILENT
    is_lost = state is None and isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
    return Fault.AWAY if is_lost or (state or "").startswith(LOST_CLASSES) else None


class ServerSilent(psycopg.OperationalError):
    """The server is there, or seems to be, and says nothing."""


class _Refusals:
    """Remembers when a write was refused last in this process."""

    at: float = float("-inf")


def note_write_refused(error: BaseException) -> None:
    """Remember when the error says that nothing can be written, whoever met it."""
    if isinstance(error, psycopg.Error) and error.sqlstate in NOT_WRITABLE_STATES:
        _Refusals.at = monotonic()


def was_write_refused(*, within: float) -> bool:
    """Tell whether a write of this process was refused in the last `within` seconds."""
    return monotonic() - _Refusals.at < within


def describe_error(error: Error) -> str:
    """Return what is wrong with the database for people at a terminal, in the driver's words too, and what to do."""
    fault, told = find_fault(error), " ".join(str(error).split())
    if are_tables_missing(error):
        return f"{MISSING_TABLES} ({told})"
    sentence = FAULT_SENTENCES[fault] if fault else "The database rejected this."
    return f"{sentence} ({told})" + (f" {START_IT}" if fault in {Fault.AWAY, Fault.SILENT} else "")
