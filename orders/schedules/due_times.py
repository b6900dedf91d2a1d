"""When a scheduled export is due: at an hour on days of the week, as clocks in a time zone show it."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# The same day of the next week, and one more for a day that a time zone left out.
MOST_DAYS: Final = 9


def find_next(weekdays: str, hour: int, zone: ZoneInfo, *, after: datetime) -> datetime:
    """Return the first time after `after`, in UTC; `weekdays` are digits, 1 is Monday.

    An hour that clocks skip when they are put forward is the one after it, and of one that they show twice the
    first counts.
    """
    today = after.astimezone(zone).date()
    for days in range(MOST_DAYS):
        day = today + timedelta(days=days)
        at = datetime.combine(day, time(hour), zone).astimezone(UTC)
        if str(day.isoweekday()) in weekdays and at > after:
            return at
    raise ValueError(f"There is no day in {weekdays!r}.")
