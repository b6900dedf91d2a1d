"""Orders that are about to be submitted, and what they may hold: for form, live total and terminal alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from django.conf import settings

from orders.errors import OrderInvalid
from orders.intake.addresses import WRITTEN, find_missing, read_country
from orders.intake.entries import read_email, read_entry, read_phone, read_reference
from orders.intake.numbers import MOST_GRAMS, MOST_QUANTITY, read_price, read_quantity
from orders.money import Money, add_up, largest_price, largest_total

T = TypeVar("T")
Reader = Callable[[str], str]

MOST_LINES: Final = 1000
REQUIRED: Final = "This field is required."
# Who reads each text of an order, and of a line.
FACTS: Final[Mapping[str, Reader]] = {
    "customer_name": partial(read_entry, limit=200),
    "customer_company": partial(read_entry, limit=200),
    "customer_email": read_email,
    "customer_phone": read_phone,
    "address_country": read_country,
    "address_line": partial(read_entry, limit=200),
    "address_line2": partial(read_entry, limit=200),
    "address_postcode": partial(read_entry, limit=20),
    "address_city": partial(read_entry, limit=100),
    "address_state": partial(read_entry, limit=100),
    "customer_reference": partial(read_reference, limit=100),
    "payment_method": partial(read_reference, limit=255),
    "shop_order_number": partial(read_entry, limit=64),
}
# What a shop may keep with an order: so many names, each of one text.
MOST_METADATA: Final = 50
METADATA_NAME: Final[Reader] = partial(read_entry, limit=40)
METADATA_TEXT: Final[Reader] = partial(read_entry, limit=500)
# What every order needs; which parts its address needs, its country says.
NEEDED: Final = frozenset({"customer_name", "customer_email", "address_country", "address_line"})
LINE_LABELS: Final[Mapping[str, str]] = {
    "sku": "SKU",
    "description": "Description",
    "quantity": "Quantity",
    "unit_price": "Unit price",
}
LINE_FACTS: Final[Mapping[str, Reader]] = {
    "sku": partial(read_entry, limit=64),
    "description": partial(read_entry, limit=200),
}


@dataclass(frozen=True)
class LineDraft:
    """A line of an order that is about to be submitted; `unit_price` in minor units, `weight_grams` of one unit."""

    sku: str
    description: str
    quantity: int
    unit_price: int
    weight_grams: int | None = None


@dataclass(frozen=True)
class OrderDraft:
    """An order that is about to be submitted."""

    customer_name: str
    customer_email: str
    address_line: str
    address_postcode: str
    address_city: str
    address_country: str
    currency: str
    lines: tuple[LineDraft, ...]
    address_line2: str = ""
    address_state: str = ""
    customer_company: str = ""
    customer_phone: str = ""
    customer_reference: str = ""
    payment_method: str = ""
    shop_order_number: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> Money:
        return add_up((Money(line.unit_price, self.currency) * line.quantity for line in self.lines), self.currency)


@dataclass(frozen=True)
class TypedLine:
    """A line as it is typed: texts, each of which may be anything."""

    sku: str = ""
    description: str = ""
    quantity: str = ""
    unit_price: str = ""

    @property
    def is_blank(self) -> bool:
        """Tell whether nobody typed anything: a row begins with a quantity of 1."""
        return not any(text.strip() for text in (self.sku, self.description, self.unit_price)) and (
            self.quantity.strip() in {"", "1"}
        )


@dataclass(frozen=True)
class LineReading:
    """What a typed line comes to: its draft, or what is wrong by field; and its total, once the numbers are right."""

    draft: LineDraft | None
    errors: Mapping[str, str]
    total: Money | None


def read_line(typed: TypedLine, currency: str) -> LineReading:
    """Read a line whose price is in `currency`, which is empty as long as none is chosen."""
    errors: dict[str, str] = {}
    sku = _read(errors, "sku", typed.sku, LINE_FACTS["sku"])
    description = _read(errors, "description", typed.description, LINE_FACTS["description"])
    quantity = _read(errors, "quantity", typed.quantity, read_quantity)
    price = _read(errors, "unit_price", typed.unit_price, partial(_read_price, currency=currency))
    total = None if quantity is None or price is None else price * quantity
    if sku is None or description is None or quantity is None or price is None:
        return LineReading(None, errors, total)
    return LineReading(LineDraft(sku, description, quantity, price.minor), errors, total)


def tidy_draft(draft: OrderDraft) -> OrderDraft:
    """Return the draft with its texts as they are kept.

    Raises OrderInvalid, with a sentence for each thing wrong, in `fields` by its path, such as `lines/0/sku`.
    """
    errors: dict[str, str] = {}
    facts = {
        name: _read(errors, name, getattr(draft, name), reader, is_needed=name in NEEDED) or ""
        for name, reader in FACTS.items()
    }
    errors = dict.fromkeys(find_missing(facts["address_country"], facts), REQUIRED) | errors
    metadata = _tidy_metadata(errors, draft.metadata)
    lines = tuple(_tidy_line(errors, index, line) for index, line in enumerate(draft.lines))
    if errors:
        raise OrderInvalid(" ".join(f"{_name(path)}: {text}" for path, text in errors.items()), fields=errors)
    _check("currency", lambda: read_currency(draft.currency or "?"))
    _check_numbers(draft.currency, lines)
    tidy = replace(draft, **facts, lines=lines, metadata=metadata)
    _check("lines", lambda: check_total(tidy.total))
    return tidy


def tidy_address(country: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of an address in a country as they are kept, by their columns.

    Raises OrderInvalid with a sentence for each part that is wrong or missing.
    """
    errors: dict[str, str] = {}
    parts = {
        name: _read(errors, name, typed.get(name, ""), FACTS[name], is_needed=name in NEEDED) or "" for name in WRITTEN
    }
    errors = dict.fromkeys(find_missing(country, parts), REQUIRED) | errors
    if errors:
        raise OrderInvalid(" ".join(f"{_name(path)}: {text}" for path, text in errors.items()), fields=errors)
    return parts


def _check_numbers(currency: str, lines: Sequence[LineDraft]) -> None:
    """Raise OrderInvalid for too few or too many lines, and for a number that no line may have."""
    if not 0 < len(lines) <= MOST_LINES:
        sentence = f"An order has 1 to {MOST_LINES:,} lines; this one has {len(lines):,}."
        raise OrderInvalid(sentence, fields={"lines": sentence})
    highest = largest_price(currency)
    for index, line in enumerate(lines):
        if not 0 < line.quantity <= MOST_QUANTITY:
            sentence = f"Line {index + 1}: the quantity must be from 1 to {MOST_QUANTITY:,}."
            raise OrderInvalid(sentence, fields={f"lines/{index}/quantity": sentence})
        if not 0 <= line.unit_price <= highest.minor:
            sentence = f"Line {index + 1}: the unit price must be from 0 to {highest}."
            raise OrderInvalid(sentence, fields={f"lines/{index}/unit_price": sentence})
        if line.weight_grams is not None and not 0 < line.weight_grams <= MOST_GRAMS:
            sentence = f"Line {index + 1}: the weight must be from 1 to {MOST_GRAMS:,} grams."
            raise OrderInvalid(sentence, fields={f"lines/{index}/weight_grams": sentence})


def _check(path: str, check: Callable[[], object]) -> None:
    """Have what `check` complains about belong to the field at `path`."""
    try:
        check()
    except OrderInvalid as error:
        raise OrderInvalid(str(error), fields={path: str(error)}) from error


def read_currency(text: str) -> str:
    """Return the three letters of a currency. Raises OrderInvalid unless new orders may be in it."""
    if text and text not in settings.ORDER_CURRENCIES:
        offered = ", ".join(settings.ORDER_CURRENCIES)
        raise OrderInvalid(f"{text[:40]!r} is not an accepted currency. Use one of: {offered}.")
    return text


def check_total(total: Money) -> None:
    """Raise OrderInvalid when no order may come to so much."""
    highest = largest_total(total.currency)
    if total.minor > highest.minor:
        raise OrderInvalid(f"The total is {total}; the limit is {highest}.")


def _tidy_line(errors: dict[str, str], index: int, line: LineDraft) -> LineDraft:
    sku, description = (
        _read(errors, f"lines/{index}/{name}", getattr(line, name), reader) or "" for name, reader in LINE_FACTS.items()
    )
    return replace(line, sku=sku, description=description)


def _tidy_metadata(errors: dict[str, str], metadata: Mapping[str, str]) -> dict[str, str]:
    if len(metadata) > MOST_METADATA:
        errors["metadata"] = f"Use at most {MOST_METADATA} names; this has {len(metadata):,}."
        return {}
    tidy: dict[str, str] = {}
    for name, text in metadata.items():
        clean = _read(errors, "metadata", name, METADATA_NAME)
        tidy[clean or ""] = _read(errors, f"metadata/{clean}", text, METADATA_TEXT, is_needed=False) or ""
    return tidy


def _name(path: str) -> str:
    """Return the name of the field at `path` as a person would write it."""
    parts = path.split("/")
    if parts[0] == "lines":
        return f"Line {int(parts[1]) + 1}, {LINE_LABELS[parts[2]]}"
    return parts[0][:1].upper() + parts[0][1:].replace("_", " ")


def _read(
    errors: dict[str, str], name: str, text: str, reader: Callable[[str], T], *, is_needed: bool = True
) -> T | None:
    """Return what the reader makes of a text, or None with what is wrong in `errors`."""
    try:
        value = reader(text)
    except OrderInvalid as error:
        errors[name] = str(error) if text.strip() else REQUIRED
        return None
    if value == "" and is_needed:
        errors[name] = REQUIRED
        return None
    return value


def _read_price(text: str, *, currency: str) -> Money:
    if not currency:
        raise OrderInvalid("Choose a currency first.")
    return read_price(text, currency)
