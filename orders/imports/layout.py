"""How an imported file is to be read: its encoding, delimiter and decimal mark, and which column holds what.

What is guessed is shown to people, who can change it; nothing is converted without a word.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.errors import FileRefused, OrderInvalid
from orders.intake.drafts import LINE_LABELS

ENCODINGS: Final[Mapping[str, str | Promise]] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": gettext_lazy("Windows (Western Europe)"),
    "cp1250": gettext_lazy("Windows (Central Europe)"),
    "iso8859-15": "ISO 8859-15",
}
DELIMITERS: Final[Mapping[str, str | Promise]] = {
    ",": gettext_lazy("Comma"),
    ";": gettext_lazy("Semicolon"),
    "\t": gettext_lazy("Tab"),
    "|": gettext_lazy("Vertical bar"),
}
DECIMAL_MARKS: Final[Mapping[str, str | Promise]] = {
    ".": gettext_lazy("Point: 12.50"),
    ",": gettext_lazy("Comma: 12,50"),
}

NUMBER: Final = "shop_order_number"
WEIGHT: Final = "weight_grams"
# What a column may hold, in the order of the form.
FIELD_LABELS: Final[Mapping[str, str | Promise]] = {
    NUMBER: gettext_lazy("Order number"),
    "customer_name": gettext_lazy("Name"),
    "customer_company": gettext_lazy("Company"),
    "customer_email": gettext_lazy("E-mail"),
    "customer_phone": gettext_lazy("Telephone"),
    "customer_reference": gettext_lazy("Customer number"),
    "address_line": gettext_lazy("Street and number"),
    "address_line2": gettext_lazy("Flat, building, floor"),
    "address_postcode": gettext_lazy("Postcode"),
    "address_city": gettext_lazy("City"),
    "address_state": gettext_lazy("State or province"),
    "address_country": gettext_lazy("Country"),
    "payment_method": gettext_lazy("Payment method"),
    "currency": gettext_lazy("Currency"),
    **LINE_LABELS,
    WEIGHT: gettext_lazy("Weight (g)"),
}
# What each row has of its own; all other columns are of the order.
OF_LINES: Final = (*LINE_LABELS, WEIGHT)
# Without these columns no order can be read. The currency may be the same for all.
NEEDED: Final = (NUMBER, "customer_name", "customer_email", "address_line", "address_country", *LINE_LABELS)
# How shops call their columns, written without anything but letters and digits.
_NAMES: Final[Mapping[str, str]] = {
    NUMBER: "ordernumber order orderid orderno number name2 shopordernumber reference bestellnummer auftragsnummer",
    "customer_name": "name customer customername fullname billingname shippingname recipient kunde kundenname",
    "customer_company": "company customercompany shippingcompany billingcompany firma organisation organization",
    "customer_email": "email mail emailaddress customeremail contactemail",
    "customer_phone": "telephone phone phonenumber customerphone shippingphone mobile telefon telefonnummer",
    "customer_reference": "customernumber customerid customerno customerreference kundennummer",
    "address_line": (
        "streetandnumber address address1 addressline addressline1 street line1 shippingaddress1 shippingstreet "
        "strasse strasseundhausnummer strasseundnummer adresse"
    ),
    "address_line2": "flatbuildingfloor address2 addressline2 line2 shippingaddress2 zusatz wohnunggebaeudestockwerk",
    "address_postcode": "postcode postalcode zip zipcode shippingzip plz postleitzahl",
    "address_city": "city town shippingcity ort stadt",
    "address_state": "stateorprovince state province region shippingprovince bundesland bundesstaatoderprovinz",
    "address_country": "country countrycode shippingcountry land",
    "payment_method": "paymentreference paymentid zahlungsmittel",
    "currency": "currencycode waehrung",
    "sku": "article articlenumber itemsku lineitemsku productcode artikel artikelnummer",
    "description": "product productname item itemname lineitemname title bezeichnung beschreibung artikelname",
    "quantity": "qty count lineitemquantity menge anzahl",
    "unit_price": "price itemprice lineitemprice preis einzelpreis",
    # Only names that say grams: a weight of 2 may be kilograms.
    WEIGHT: "weightg grams weightingrams itemgrams lineitemgrams variantgrams gramm gewichtg gewichtingramm",
}
_UNSIGNED: Final = re.compile(r"[^0-9a-z]")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_PLAIN: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_WITH_POINTS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]+)?")
_WITH_COMMAS: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


@dataclass(frozen=True)
class Layout:
    """How a file is read; `columns` says at which place of a row each field stands, from 0."""

    file_format: str
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal_mark: str = "."
    currency: str = ""
    columns: Mapping[str, int] = field(default_factory=dict)

    def check_is_complete(self, width: int) -> None:
        """Raise FileRefused unless each needed field has a column of the file, and none has two."""
        missing = [str(FIELD_LABELS[name]) for name in NEEDED if name not in self.columns]
        if "currency" not in self.columns and not self.currency:
            missing.append(str(FIELD_LABELS["currency"]))
        if missing:
            raise FileRefused(_("Choose the columns of: %(fields)s.") % {"fields": ", ".join(missing)})
        places = list(self.columns.values())
        twice = {place for place in places if places.count(place) > 1}
        if twice:
            both = [str(label) for name, label in FIELD_LABELS.items() if self.columns.get(name) in twice]
            sentence = _("One column cannot be two things. Choose another for one of: %(fields)s.")
            raise FileRefused(sentence % {"fields": ", ".join(both)})
        if any(not 0 <= place < width for place in places):
            raise FileRefused(_("A chosen column is not in the file as it is read now. Choose the columns again."))


def guess_columns(header: Sequence[str]) -> dict[str, int]:
    """Return which column seems to hold which field, by its name; the first of several counts."""
    names = [_simplify(name) for name in header]
    found: dict[str, int] = {}
    for field_name in FIELD_LABELS:
        meant = [field_name, *_NAMES[field_name].split()]
        for name in map(_simplify, meant):
            place = names.index(name) if name in names else None
            if place is not None and place not in found.values():
                found[field_name] = place
                break
    return found


def _simplify(name: str) -> str:
    """Return the letters and digits of a column's name, without accents and in lower case; ä is ae and ß is ss."""
    letters = unicodedata.normalize("NFC", name.casefold()).translate(_UMLAUTS)
    return _UNSIGNED.sub("", unicodedata.normalize("NFKD", letters))


def find_double_names(header: Iterable[str]) -> list[str]:
    """Return the names that several columns have."""
    names = [name.strip() for name in header if name.strip()]
    return sorted({name for name in names if names.count(name) > 1})


def guess_decimal_mark(prices: Iterable[str]) -> str:
    """Return the mark before the last one or two digits of most prices; a point where none has any."""
    texts = [price.strip() for price in prices]
    commas = sum(bool(re.search(r",[0-9]{1,2}$", text)) for text in texts)
    points = sum(bool(re.search(r"\.[0-9]{1,2}$", text)) for text in texts)
    return "," if commas > points else "."


def write_plainly(text: str, decimal_mark: str) -> str:
    """Return a number with a point as its decimal mark and without marks for thousands.

    What has no such number in it is returned as it is, for the reader of numbers to refuse. Raises OrderInvalid for a
    number that does not fit the file's decimal mark.
    """
    text = text.strip()
    in_groups = _WITH_POINTS if decimal_mark == "," else _WITH_COMMAS
    thousands = "." if decimal_mark == "," else ","
    if in_groups.fullmatch(text):
        return text.replace(thousands, "").replace(",", ".")
    if thousands in text and _PLAIN.fullmatch(text.replace(thousands, ".")):
        if decimal_mark == ",":
            sentence = _("%(typed)s has a point, but the decimal mark of this file is a comma.")
        else:
            sentence = _("%(typed)s has a comma, but the decimal mark of this file is a point.")
        raise OrderInvalid(sentence % {"typed": text[:40]})
    return text.replace(",", ".") if decimal_mark == "," else text
