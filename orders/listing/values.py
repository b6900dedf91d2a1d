"""Reads the values of filters, each with a sentence for what it cannot read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from orders.errors import OrderInvalid
from orders.intake.numbers import read_price
from orders.labels import Label
from orders.listing.known_rules import known_rules
from orders.money import DECIMALS, Money
from orders.texts import clean_line

LONGEST_NAME: Final = 254
MOST_HOURS: Final = 24 * 366
# Their places are how many days ago they were.
DAYS_BY_NAME: Final = ("today", "yesterday")
# Every zone has both of these days, and the day after.
FIRST_YEAR, LAST_YEAR = 1970, 9000


@dataclass(frozen=True)
class Given:
    """What a value is read beside: who asks, and the other values of the query as they were typed."""

    username: str = ""
    account_id: int | None = None
    typed: Mapping[str, str] | None = None


def one_of(choices: Iterable[tuple[str, Label]], text: str, _: Given) -> str:
    """Return the code among the choices that is meant, in any case. Raises OrderInvalid."""
    for code, _label in choices:
        if text.casefold() == code.casefold():
            return code
    raise OrderInvalid(gettext("Choose from the list."))


def is_code(choices: Iterable[tuple[str, Label]], code: str) -> bool:
    """Tell whether the code is among the choices."""
    return any(code == each for each, _label in choices)


@dataclass(frozen=True)
class Day:
    """A day; `days_ago` where it was given by how long ago it is, so that it moves on with the calendar."""

    on: date
    days_ago: int | None = None

    def __str__(self) -> str:
        if self.days_ago is None:
            return date_format(self.on)
        if self.days_ago < 2:
            return str((gettext("today"), gettext("yesterday"))[self.days_ago])
        return ngettext("%d day ago", "%d days ago", self.days_ago) % self.days_ago


def read_date(text: str, _: Given) -> Day:
    """Read a day by ISO 8601, or `today`, `yesterday`, or `6d` for six days ago. Raises OrderInvalid."""
    days_ago = _read_days_ago(text.casefold())
    if days_ago is not None:
        return Day(timezone.localdate() - timedelta(days=days_ago), days_ago)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        sentence = gettext(
            "Enter a date as year-month-day, such as 2026-11-30, or: today, yesterday, 6d for six days ago."
        )
        raise OrderInvalid(sentence) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        sentence = gettext("Enter a year from %(first)s to %(last)s.")
        raise OrderInvalid(sentence % {"first": FIRST_YEAR, "last": LAST_YEAR})
    return Day(day)


def is_relative(text: str) -> bool:
    """Tell whether a text names a day by how long ago it is."""
    return _read_days_ago(text.casefold()) is not None


def _read_days_ago(text: str) -> int | None:
    if text in DAYS_BY_NAME:
        return DAYS_BY_NAME.index(text)
    found = re.fullmatch(r"([0-9]{1,4})d", text)
    return int(found[1]) if found else None


def start_of_day(day: date) -> datetime:
    """Return when the day begins in the current time zone."""
    return datetime.combine(day, time.min, timezone.get_current_timezone()).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """Return when the next day begins."""
    return start_of_day(day + timedelta(days=1))


def read_hours(text: str, _: Given) -> int:
    """Read a number of hours. Raises OrderInvalid."""
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= MOST_HOURS):
        raise OrderInvalid(gettext("Enter a whole number of hours, from 1 to %(most)s.") % {"most": MOST_HOURS})
    return int(text)


def read_currency(text: str, _: Given) -> str:
    """Read a currency's three letters. Raises OrderInvalid."""
    code = text.upper()
    if code not in DECIMALS:
        raise OrderInvalid(gettext("Enter the three letters of a currency, such as EUR."))
    return code


def read_total(text: str, given: Given) -> Money:
    """Read an amount in the query's currency. Raises OrderInvalid, also where the query has none."""
    typed = (given.typed or {}).get("currency", "")
    if not typed:
        sentence = gettext("Choose a currency too: amounts in different currencies cannot be compared.")
        raise OrderInvalid(sentence)
    return read_price(text, read_currency(typed, given))


def read_name(text: str, _: Given) -> str:
    """Read a name or an e-mail address. Raises OrderInvalid."""
    name = clean_line(text, limit=None)
    if not name or len(name) > LONGEST_NAME:
        raise OrderInvalid(gettext("Enter at most %(most)s characters.") % {"most": LONGEST_NAME})
    return name


def read_rule(text: str, given: Given) -> str:
    """Read the name of a rule of the policy, whether or not it still exists. Raises OrderInvalid."""
    name = read_name(text, given)
    return next((known for known in known_rules() if known.casefold() == name.casefold()), name)
