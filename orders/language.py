"""The language of whoever reads a text, a number or a time; pure, because workflows import it at second hand.

Without Django all is English. Where Django is at hand, `orders.translation` gives its ways of speaking to `speak_by`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

# In languages other than English, as Django writes it.
MOMENT: Final = "j. M Y, H:i"


@dataclass(frozen=True)
class Speaker:
    """How things are said in the language that is active: texts, numbers and, by a pattern of Django's, times."""

    translate: Callable[[str], str]
    is_english: Callable[[], bool]
    write_number: Callable[[int | Decimal, int], str]
    write_time: Callable[[datetime, str], str]


_speakers: Final[list[Speaker]] = []


def speak_by(speaker: Speaker) -> None:
    """Have everything said by this speaker from now on."""
    _speakers[:] = [speaker]


def gettext(message: str) -> str:
    """Return a text in the reader's language."""
    return _speakers[0].translate(message) if _speakers else message


def is_english() -> bool:
    """Tell whether the language that is active is English; so it is where none is, as in a worker."""
    return not _speakers or _speakers[0].is_english()


def write_number(number: int | Decimal, decimals: int = 0) -> str:
    """Return a number with its thousands grouped and so many decimals: 1,234.50 in English, 1.234,50 in German."""
    if is_english():
        return f"{Decimal(number):,.{decimals}f}"
    return _speakers[0].write_number(number, decimals)


def write_moment(at: datetime, *, is_padded: bool = False) -> str:
    """Return a time in UTC, such as 5 Mar 2026, 08:00 UTC; `is_padded` writes 05 Mar 2026 08:00 UTC in English."""
    at = at.astimezone(UTC)
    if is_english():
        return f"{at:%d %b %Y %H:%M} UTC" if is_padded else f"{at:%-d %b %Y, %H:%M} UTC"
    return f"{_speakers[0].write_time(at, MOMENT)} UTC"
