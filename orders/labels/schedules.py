"""The words for scheduled exports: when they are sent, and what became of the last time."""

from collections.abc import Mapping
from typing import Final

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.labels import Label

EVERY_DAY: Final = "1234567"
WORKING_DAYS: Final = "12345"
# By the codes of why an export was not sent: what happened, and what to do.
REFUSAL_SENTENCES: Final[Mapping[str, Label]] = {
    "NOT_ALLOWED": gettext_lazy("Not sent: the account may not view orders, or cannot sign in any more."),
    "NO_ADDRESS": gettext_lazy("Not sent: the account has no e-mail address. Ask an administrator to add one."),
    "VIEW_GONE": gettext_lazy("Not sent: its saved view was deleted. Delete this export and schedule another list."),
    "UNREADABLE": gettext_lazy(
        "Not sent: the list can no longer be read. Delete this export and schedule the list again."
    ),
    "TOO_MANY": gettext_lazy("Not sent: the list has too many orders for an Excel file. Change it to CSV."),
    "SLOW": gettext_lazy("Not sent: making the file took too long. Schedule a list with more filters."),
    "FILE_GONE": gettext_lazy("Not sent: its file was deleted before it was sent."),
    "PAUSED": gettext_lazy("Not sent: it was paused before its file was ready."),
}


def weekday_choices() -> list[tuple[str, str]]:
    """Return the days of the week, each by its digit; 1 is Monday."""
    return [(str(number + 1), str(WEEKDAYS[number])) for number in range(7)]


def describe_times(weekdays: str, hour: int, time_zone: str) -> str:
    """Return when something is sent, such as “Monday, Thursday at 08:00, Europe/Berlin”."""
    names = dict(weekday_choices())
    days = ", ".join(names[digit] for digit in weekdays if digit in names)
    if weekdays == EVERY_DAY:
        days = _("Every day")
    elif weekdays == WORKING_DAYS:
        days = _("Monday to Friday")
    facts = {"days": days, "hour": f"{hour:02d}:00", "zone": time_zone.replace("_", " ")}
    return _("%(days)s at %(hour)s, %(zone)s") % facts
