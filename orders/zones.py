"""Time zones by the names of the IANA, as people choose them."""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

UTC_NAME: Final = "UTC"


def is_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone of this name."""
    return name in available_timezones()


def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, or UTC where this machine does not know it any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # the machine's list has changed since it was chosen
        return ZoneInfo(UTC_NAME)
