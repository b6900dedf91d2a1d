"""Reads the numbers that people type, quantities and prices: for the form, its live total and the terminal alike.

Only the digits 0 to 9 count, with a point or a comma as the decimal mark and no mark for thousands. What two people may
read differently is refused with a sentence that says how to write it: '1.500' is one and a half to one of them and
fifteen hundred to the other.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.errors import OrderInvalid
from orders.money import DECIMALS, Money, largest_price, largest_total

MOST_QUANTITY: Final = 10_000
MOST_GRAMS: Final = 1_000_000
# No bound has more digits; a longer number is not even worked out.
MOST_DIGITS: Final = 18

_NUMBER: Final = re.compile(r"([0-9]+)(?:([.,])([0-9]+))?")
# In groups of three, by whatever mark, perhaps with decimals: 1,000 or 1.234.567 or 1 000 or 1'234.50
_IN_GROUPS: Final = re.compile(r"([1-9][0-9]{0,2}(?:([.,'\u2019_\s])[0-9]{3})(?:\2[0-9]{3})*)(?:[.,]([0-9]+))?")


@dataclass(frozen=True)
class _Kind:
    """What an amount is of: how large it may be, and the sentences that refuse one."""

    find_largest: Callable[[str], Money]
    negative: Promise
    no_decimals: Promise
    few_decimals: Promise
    too_much: Promise


_PRICE: Final = _Kind(
    find_largest=largest_price,
    negative=gettext_lazy("A price cannot be negative."),
    no_decimals=gettext_lazy("A price in %(currency)s has no decimals."),
    few_decimals=gettext_lazy("A price in %(currency)s has at most %(decimals)s decimals."),
    too_much=gettext_lazy("A unit price can be at most %(most)s."),
)
_AMOUNT: Final = _Kind(
    find_largest=largest_total,
    negative=gettext_lazy("An amount cannot be negative."),
    no_decimals=gettext_lazy("An amount in %(currency)s has no decimals."),
    few_decimals=gettext_lazy("An amount in %(currency)s has at most %(decimals)s decimals."),
    too_much=gettext_lazy("An amount can be at most %(most)s."),
)


def read_quantity(text: str) -> int:
    """Read how many of an article are wanted. Raises OrderInvalid with a sentence for the field."""
    return _read_whole(text, most=MOST_QUANTITY)


def read_weight(text: str) -> int:
    """Read what a unit weighs, in grams. Raises OrderInvalid with a sentence for the field."""
    return _read_whole(text, most=MOST_GRAMS)


def read_price(text: str, currency: str) -> Money:
    """Read the price of a unit, such as '12.50' or '12,50', in a currency of ISO 4217.

    Raises OrderInvalid with a sentence for the field.
    """
    return _read_money(text, currency, _PRICE)


def read_amount(text: str, currency: str) -> Money:
    """Read an amount of any size that an order may have, as `read_price` does. Raises OrderInvalid."""
    return _read_money(text, currency, _AMOUNT)


def _read_whole(text: str, *, most: int) -> int:
    text = text.strip()
    digits = text.removeprefix("-").lstrip("0") if re.fullmatch(r"-?[0-9]+", text) else None
    if digits is None:
        sentence = _("Enter a whole number using only the digits 0 to 9, such as %(example)s.")
        raise OrderInvalid(sentence % {"example": _ungroup(text) or "3"})
    if not digits or text.startswith("-"):
        raise OrderInvalid(_("Enter 1 or more."))
    if len(digits) > MOST_DIGITS or int(digits) > most:
        raise OrderInvalid(_("Enter %(most)s or less.") % {"most": f"{most:,}"})
    return int(digits)


def _read_money(text: str, currency: str, kind: _Kind) -> Money:
    """Read an amount of a kind."""
    text, decimals, most = text.strip(), DECIMALS[currency], kind.find_largest(currency)
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise OrderInvalid(_explain(text, currency, kind))
    whole, mark, fraction = found[1], found[2] or "", found[3] or ""
    rule = str(kind.few_decimals if decimals else kind.no_decimals) % {"currency": currency, "decimals": decimals}
    if _may_be_thousands(whole, mark, fraction, decimals):
        shorter = fraction.rstrip("0")
        if len(shorter) > decimals:
            plain = _("Enter %(number)s without a thousands separator.") % {"number": whole + fraction}
            raise OrderInvalid(f"{plain} {rule}")
        short = f"{whole}.{shorter.ljust(decimals, '0')}".rstrip(".")
        sentence = _("%(typed)s is ambiguous. Enter %(long)s or %(short)s.")
        raise OrderInvalid(sentence % {"typed": text, "long": whole + fraction, "short": short})
    if len(fraction) > decimals:
        raise OrderInvalid(rule)
    digits = (whole + fraction.ljust(decimals, "0")).lstrip("0") or "0"
    if len(digits) > MOST_DIGITS or int(digits) > most.minor:
        raise OrderInvalid(str(kind.too_much) % {"most": most})
    return Money(int(digits), currency)


def _may_be_thousands(whole: str, mark: str, fraction: str, decimals: int) -> bool:
    """Tell whether the mark may part thousands: three digits follow it, and one to three that count stand before it.

    A point with all three decimals of a currency that has three is the way in which the console itself writes amounts.
    """
    looks_so = len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0")
    return looks_so and not (mark == "." and decimals == 3)


def _explain(text: str, currency: str, kind: _Kind) -> str:
    """Say how to write an amount, of a text that is no number."""
    if re.fullmatch(r"-[0-9.,]+", text):
        return str(kind.negative)
    if plain := _ungroup(text):
        return _("Leave out the thousands separators: enter %(number)s.") % {"number": plain}
    if not DECIMALS[currency]:
        return _("Use the digits 0 to 9 only, such as %(example)s.") % {"example": 1250}
    sentence = _("Use the digits 0 to 9 and a point before the decimals, such as %(example)s.")
    return sentence % {"example": Money(125 * 10 ** DECIMALS[currency] // 10, currency).amount}


def _ungroup(text: str) -> str:
    """Return a number in groups of three without the marks between them; an empty text when it is none."""
    found = _IN_GROUPS.fullmatch(text)
    if found is None or len(text) > MOST_DIGITS:
        return ""
    whole = "".join(sign for sign in found[1] if sign.isdigit())
    return f"{whole}.{found[3]}" if found[3] else whole
