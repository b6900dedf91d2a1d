"""The one clock: times that are compared, here or by another program, are PostgreSQL's.

Web servers and workers run on several machines whose clocks differ. In SQL the clock is `Now()`, the default of every
column that holds such a time; `database_now()` is the same for Python.
"""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """Return the time by PostgreSQL's clock; one short statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    moment: datetime = now
    return moment.astimezone(UTC)
