"""The words for durations."""

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _

DAY: Final = 24 * 3600


def describe_span(span: timedelta) -> str:
    """Return a duration in its two largest units, such as '3 h 20 min', or in seconds below a minute."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // DAY, seconds % DAY // 3600, seconds % 3600 // 60
    facts = {"days": days, "hours": hours, "minutes": minutes, "seconds": seconds}
    if days:
        return (_("%(days)s d %(hours)s h") if hours and days < 10 else _("%(days)s d")) % facts
    if hours:
        return (_("%(hours)s h %(minutes)s min") if minutes else _("%(hours)s h")) % facts
    return (_("%(minutes)s min") if minutes else _("%(seconds)s s")) % facts
