"""The words for durations."""

from datetime import timedelta
from typing import Final

DAY: Final = 24 * 3600


def describe_span(span: timedelta) -> str:
    """Return a duration in its two largest units, such as '3 h 20 min', or in seconds below a minute."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // DAY, seconds % DAY // 3600, seconds % 3600 // 60
    if days:
        return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"
