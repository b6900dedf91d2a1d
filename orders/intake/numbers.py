"""Reads the numbers that people type, quantities and prices: for the form, its live total and the terminal alike.

Only the digits 0 to 9 count, with a point or a comma as the decimal mark and no mark for thousands. What two people may
read differently is refused with a sentence that says how to write it: '1.500' is one and a half to one of them and
fifteen hundred to the other.
"""

import re
from typing import Final

from orders.errors import OrderInvalid
from orders.language import gettext as _
from orders.language import write_number
from orders.money import DECIMALS, Money, largest_price, largest_total

MOST_QUANTITY: Final = 10_000
MOST_GRAMS: Final = 1_000_000
# No bound has more digits; a longer number is not even worked out.
MOST_DIGITS: Final = 18

_NUMBER: Final = re.compile(r"([0-9]+)(?:([.,])([0-9]+))?")
# In groups of three, by whatever mark, perhaps with decimals: 1,000 or 1.234.567 or 1 000 or 1'234.50
_IN_GROUPS: Final = re.compile(r"([1-9][0-9]{0,2}(?:([.,'\u2019_\s])[0-9]{3})(?:\2[0-9]{3})*)(?:[.,]([0-9]+))?")


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
    return _read_money(text, currency, is_price=True)


def read_amount(text: str, currency: str) -> Money:
    """Read an amount of any size that an order may have, as `read_price` does. Raises OrderInvalid."""
    return _read_money(text, currency, is_price=False)


def _read_whole(text: str, *, most: int) -> int:
    text = text.strip()
    digits = text.removeprefix("-").lstrip("0") if re.fullmatch(r"-?[0-9]+", text) else None
    if digits is None:
        sentence = _("Enter a whole number using only the digits 0 to 9, such as %(example)s.")
        raise OrderInvalid(sentence % {"example": _ungroup(text) or "3"})
    if not digits or text.startswith("-"):
        raise OrderInvalid(_("Enter 1 or more."))
    if len(digits) > MOST_DIGITS or int(digits) > most:
        raise OrderInvalid(_("Enter %(most)s or less.") % {"most": write_number(most)})
    return int(digits)


def _read_money(text: str, currency: str, *, is_price: bool) -> Money:
    """Read an amount up to what a price, or a total, may be."""
    text, decimals = text.strip(), DECIMALS[currency]
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise OrderInvalid(_explain(text, currency, is_price=is_price))
    whole, mark, fraction = found[1], found[2] or "", found[3] or ""
    if _may_be_thousands(whole, mark, fraction, decimals):
        shorter = fraction.rstrip("0")
        if len(shorter) > decimals:
            plain = _("Enter %(number)s without a thousands separator.") % {"number": whole + fraction}
            raise OrderInvalid(f"{plain} {_explain_decimals(currency, is_price=is_price)}")
        short = f"{whole}.{shorter.ljust(decimals, '0')}".rstrip(".")
        sentence = _("%(typed)s is ambiguous. Enter %(long)s or %(short)s.")
        raise OrderInvalid(sentence % {"typed": text, "long": whole + fraction, "short": short})
    if len(fraction) > decimals:
        raise OrderInvalid(_explain_decimals(currency, is_price=is_price))
    digits = (whole + fraction.ljust(decimals, "0")).lstrip("0") or "0"
    most = largest_price(currency) if is_price else largest_total(currency)
    if len(digits) > MOST_DIGITS or int(digits) > most.minor:
        sentence = _("A unit price can be at most %(most)s.") if is_price else _("An amount can be at most %(most)s.")
        raise OrderInvalid(sentence % {"most": most})
    return Money(int(digits), currency)


def _may_be_thousands(whole: str, mark: str, fraction: str, decimals: int) -> bool:
    """Tell whether the mark may part thousands: three digits follow it, and one to three that count stand before it.

    A point with all three decimals of a currency that has three is the way in which the console itself writes amounts.
    """
    looks_so = len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0")
    return looks_so and not (mark == "." and decimals == 3)


def _explain(text: str, currency: str, *, is_price: bool) -> str:
    """Say how to write an amount, of a text that is no number."""
    if re.fullmatch(r"-[0-9.,]+", text):
        return _("A price cannot be negative.") if is_price else _("An amount cannot be negative.")
    if plain := _ungroup(text):
        return _("Leave out the thousands separators: enter %(number)s.") % {"number": plain}
    if not DECIMALS[currency]:
        return _("Use the digits 0 to 9 only, such as %(example)s.") % {"example": 1250}
    sentence = _("Use the digits 0 to 9 and a point before the decimals, such as %(example)s.")
    return sentence % {"example": Money(125 * 10 ** DECIMALS[currency] // 10, currency).amount}


def _explain_decimals(currency: str, *, is_price: bool) -> str:
    """Say how many decimals the currency has."""
    if not DECIMALS[currency]:
        sentence = (
            _("A price in %(currency)s has no decimals.")
            if is_price
            else _("An amount in %(currency)s has no decimals.")
        )
    elif is_price:
        sentence = _("A price in %(currency)s has at most %(decimals)s decimals.")
    else:
        sentence = _("An amount in %(currency)s has at most %(decimals)s decimals.")
    return sentence % {"currency": currency, "decimals": DECIMALS[currency]}


def _ungroup(text: str) -> str:
    """Return a number in groups of three without the marks between them; an empty text when it is none."""
    found = _IN_GROUPS.fullmatch(text)
    if found is None or len(text) > MOST_DIGITS:
        return ""
    whole = "".join(sign for sign in found[1] if sign.isdigit())
    return f"{whole}.{found[3]}" if found[3] else whole
