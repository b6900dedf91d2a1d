"""The one clock: times that are compared, here or by another program, are PostgreSQL's.

Web servers and workers run on several machines whose clocks differ. In SQL the clock is `Now()`, the default of every
column that holds such a time; `database_now()` is the same for Python. How far this machine's own clock is off is only
told: nothing is decided by it.
"""

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import DateTimeField, Func

logger = logging.getLogger(__name__)

# Less is no trouble: between two machines that keep time it is some milliseconds.
MOST_SKEW: Final = timedelta(seconds=5)


# The time, as an expression of SQL.
NOW: Final = "clock_timestamp()"


class StatementTime(Func):
    """The time at which a statement began, in SQL: what is read tells when, without a statement of its own."""

    template = "statement_timestamp()"
    output_field = DateTimeField()


def database_now() -> datetime:
    """Return the time by PostgreSQL's clock; one short statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {NOW}")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment.astimezone(UTC)


def system_now() -> datetime:
    """Return the time by this machine's own clock, for measuring and for nothing else."""
    return datetime.now(UTC)


def measure_skew() -> timedelta:
    """Return by how much this machine's clock is ahead of PostgreSQL's; negative when it is behind."""
    before = system_now()
    there = database_now()
    after = system_now()
    return before + (after - before) / 2 - there


class SkewWatch:
    """Measures the skew again and again, and logs when it becomes too large and when it is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_skewed = False

    def check(self) -> timedelta | None:
        """Return the skew when it is too large, otherwise None."""
        skew = measure_skew()
        is_skewed = abs(skew) > MOST_SKEW
        with self._lock:
            is_new, self._is_skewed = is_skewed != self._is_skewed, is_skewed
        if is_new and is_skewed:
            logger.warning(
                "this machine's clock is %s; orders use PostgreSQL's, "
                "but sessions, logs and certificates do not: synchronise the clocks",
                describe_skew(skew),
            )
        elif is_new:
            logger.info("this machine's clock is back in step with PostgreSQL's")
        return skew if is_skewed else None


skew_watch: Final = SkewWatch()


def describe_skew(skew: timedelta) -> str:
    """Return a skew in words, such as '3600 s ahead of PostgreSQL's'."""
    seconds = skew.total_seconds()
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} PostgreSQL's"
