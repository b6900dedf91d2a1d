"""When a scheduled export is due: as clocks show it where its owner is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.schedules.due_times import find_next

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = "1234567"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00Z")


@pytest.mark.parametrize(
    ("weekdays", "hour", "after", "expected"),
    [
        (EVERY_DAY, 8, "2026-01-14T06:59", "2026-01-14T07:00"),
        (EVERY_DAY, 8, "2026-01-14T07:00", "2026-01-15T07:00"),
        ("1", 8, "2026-01-14T06:59", "2026-01-19T07:00"),
        ("35", 8, "2026-01-14T07:00", "2026-01-16T07:00"),
        ("3", 8, "2026-01-14T07:00", "2026-01-21T07:00"),
        (EVERY_DAY, 0, "2026-01-14T22:59", "2026-01-14T23:00"),
        ("4", 0, "2026-01-14T22:59", "2026-01-14T23:00"),
        (EVERY_DAY, 8, "2026-03-28T12:00", "2026-03-29T06:00"),
    ],
    ids=["today", "tomorrow", "another weekday", "the next of two", "in a week", "midnight", "its weekday", "summer"],
)
def test_it_is_the_hour_of_the_zone(weekdays: str, hour: int, after: str, expected: str) -> None:
    assert find_next(weekdays, hour, BERLIN, after=at(after)) == at(expected)


def test_an_hour_that_clocks_leave_out_is_the_next_one() -> None:
    assert find_next(EVERY_DAY, 2, BERLIN, after=at("2026-03-28T12:00")) == at("2026-03-29T01:00")


def test_an_hour_that_clocks_show_twice_comes_once() -> None:
    first = find_next(EVERY_DAY, 2, BERLIN, after=at("2026-10-24T12:00"))
    assert first == at("2026-10-25T00:00")
    assert find_next(EVERY_DAY, 2, BERLIN, after=first) == at("2026-10-26T01:00")


def test_without_a_day_there_is_none() -> None:
    with pytest.raises(ValueError, match="no day"):
        find_next("", 8, BERLIN, after=at("2026-01-14T07:00"))


@given(
    st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(lambda days: "".join(sorted(days))),
    st.integers(0, 23),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "Pacific/Chatham"]),
    st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_it_is_soon_and_on_a_day_of_the_schedule(weekdays: str, hour: int, zone: str, after: datetime) -> None:
    found = find_next(weekdays, hour, ZoneInfo(zone), after=after)
    assert after < found <= after + timedelta(days=8, hours=2)
    local = found.astimezone(ZoneInfo(zone))
    is_put_forward = local.hour != hour
    assert is_put_forward or str(local.isoweekday()) in weekdays
