"""orders.postgres.base: times as they come from PostgreSQL, also those that Python's own reader does not know."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection

pytestmark = pytest.mark.django_db


def ask(time: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [time])
        (answer,) = cursor.fetchone()
    return answer


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2026-11-26 23:31:57.620374+00", datetime(2026, 11, 26, 23, 31, 57, 620374, UTC)),
        ("2026-11-26 23:31:57.62+00", datetime(2026, 11, 26, 23, 31, 57, 620000, UTC)),
        ("2026-11-26 23:31:57+02:30", datetime(2026, 11, 26, 21, 1, 57, tzinfo=UTC)),
        ("0001-01-01 00:00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_it_is_read_in_utc(time: str, read: datetime) -> None:
    assert ask(time) == read
    assert ask(time).tzinfo is UTC  # type: ignore[attr-defined]


@pytest.mark.parametrize("time", ["0044-03-15 12:00:00+00 BC", "20000-01-01 00:00:00+00", "infinity"])
def test_what_python_has_no_time_for_is_refused(time: str) -> None:
    with pytest.raises(DataError):
        ask(time)
