"""How an imported file is to be read: its encoding, delimiter and decimal mark, and which column holds what.

What is guessed is shown to people, who can change it; nothing is converted without a word.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orders.errors import FileRefused, OrderInvalid
from orders.intake.drafts import LINE_LABELS

ENCODINGS: Final[Mapping[str, str]] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows (Western Europe)",
    "cp1250": "Windows (Central Europe)",
    "iso8859-15": "ISO 8859-15",
}
DELIMITERS: Final[Mapping[str, str]] = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
DECIMAL_MARKS: Final[Mapping[str, str]] = {".": "Point: 12.50", ",": "Comma: 12,50"}

NUMBER: Final = "shop_order_number"
WEIGHT: Final = "weight_grams"
# What a column may hold, in the order of the form.
FIELD_LABELS: Final[Mapping[str, str]] = {
    NUMBER: "Order number",
    "customer_name": "Name",
    "customer_company": "Company",
    "customer_email": "E-mail",
    "customer_phone": "Telephone",
    "customer_reference": "Customer number",
    "address_line": "Street and number",
    "address_line2": "Flat, building, floor",
    "address_postcode": "Postcode",
    "address_city": "City",
    "address_state": "State or province",
    "address_country": "Country",
    "payment_method": "Payment method",
    "currency": "Currency",
    **LINE_LABELS,
    WEIGHT: "Weight (g)",
}
# What each row has of its own; all other columns are of the order.
OF_LINES: Final = (*LINE_LABELS, WEIGHT)
# Without these columns no order can be read. The currency may be the same for all.
NEEDED: Final = (NUMBER, "customer_name", "customer_email", "address_line", "address_country", *LINE_LABELS)
# How shops call their columns, written without anything but letters and digits.
_NAMES: Final[Mapping[str, str]] = {
    NUMBER: "order orderid ordernumber orderno number name2 shopordernumber reference bestellnummer auftragsnummer",
    "customer_name": "customer customername fullname billingname shippingname recipient kunde kundenname",
    "customer_company": "customercompany shippingcompany billingcompany firma organisation organization",
    "customer_email": "mail emailaddress customeremail contactemail",
    "customer_phone": "phone phonenumber customerphone shippingphone mobile telefon",
    "customer_reference": "customerid customerno customerreference kundennummer",
    "address_line": "address address1 addressline addressline1 street line1 shippingaddress1 shippingstreet strasse",
    "address_line2": "address2 addressline2 line2 shippingaddress2",
    "address_postcode": "postalcode zip zipcode postcode shippingzip plz",
    "address_city": "town shippingcity ort stadt",
    "address_state": "state province region shippingprovince bundesland",
    "address_country": "countrycode shippingcountry land",
    "payment_method": "paymentreference paymentid",
    "currency": "currencycode waehrung",
    "sku": "article articlenumber itemsku lineitemsku productcode artikel artikelnummer",
    "description": "product productname item itemname lineitemname title bezeichnung artikelname",
    "quantity": "qty count lineitemquantity menge anzahl",
    "unit_price": "price itemprice lineitemprice preis einzelpreis",
    # Only names that say grams: a weight of 2 may be kilograms.
    WEIGHT: "grams weightingrams itemgrams lineitemgrams variantgrams gramm gewichtg gewichtingramm",
}
_UNSIGNED: Final = re.compile(r"[^0-9a-z]")
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
        missing = [FIELD_LABELS[name] for name in NEEDED if name not in self.columns]
        if "currency" not in self.columns and not self.currency:
            missing.append(FIELD_LABELS["currency"])
        if missing:
            raise FileRefused(f"Choose the columns of: {', '.join(missing)}.")
        places = list(self.columns.values())
        twice = {place for place in places if places.count(place) > 1}
        if twice:
            both = [label for name, label in FIELD_LABELS.items() if self.columns.get(name) in twice]
            raise FileRefused(f"One column cannot be two things. Choose another for one of: {', '.join(both)}.")
        if any(not 0 <= place < width for place in places):
            raise FileRefused("A chosen column is not in the file as it is read now. Choose the columns again.")


def guess_columns(header: Sequence[str]) -> dict[str, int]:
    """Return which column seems to hold which field, by its name; the first of several counts."""
    names = [_UNSIGNED.sub("", name.lower()) for name in header]
    found: dict[str, int] = {}
    for field_name, label in FIELD_LABELS.items():
        meant = [field_name, label, *_NAMES[field_name].split()]
        for name in (_UNSIGNED.sub("", each.lower()) for each in meant):
            place = names.index(name) if name in names else None
            if place is not None and place not in found.values():
                found[field_name] = place
                break
    return found


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
        names = {".": "a point", ",": "a comma"}
        raise OrderInvalid(
            f"{text[:40]} has {names[thousands]}, but the decimal mark of this file is {names[decimal_mark]}."
        )
    return text.replace(",", ".") if decimal_mark == "," else text
