"""Orders that are about to be submitted, and what they may hold: for form, live total and terminal alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.errors import OrderInvalid
from orders.intake.addresses import WRITTEN, find_missing, read_country
from orders.intake.entries import read_email, read_entry, read_phone, read_reference
from orders.intake.numbers import MOST_GRAMS, MOST_QUANTITY, read_price, read_quantity
from orders.language import write_number
from orders.money import Money, add_up, largest_price, largest_total

T = TypeVar("T")
Reader = Callable[[str], str]

MOST_LINES: Final = 1000
REQUIRED: Final = gettext_lazy("This field is required.")
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
# What the facts are called in a sentence about a whole order.
FACT_LABELS: Final[Mapping[str, str | Promise]] = {
    "customer_name": gettext_lazy("Customer name"),
    "customer_company": gettext_lazy("Customer company"),
    "customer_email": gettext_lazy("Customer email"),
    "customer_phone": gettext_lazy("Customer phone"),
    "address_country": gettext_lazy("Address country"),
    "address_line": gettext_lazy("Address line"),
    "address_line2": gettext_lazy("Address line2"),
    "address_postcode": gettext_lazy("Address postcode"),
    "address_city": gettext_lazy("Address city"),
    "address_state": gettext_lazy("Address state"),
    "customer_reference": gettext_lazy("Customer reference"),
    "payment_method": gettext_lazy("Payment method"),
    "shop_order_number": gettext_lazy("Shop order number"),
    "metadata": gettext_lazy("Metadata"),
}
LINE_LABELS: Final[Mapping[str, str | Promise]] = {
    "sku": gettext_lazy("SKU"),
    "description": gettext_lazy("Description"),
    "quantity": gettext_lazy("Quantity"),
    "unit_price": gettext_lazy("Unit price"),
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
    errors = dict.fromkeys(find_missing(facts["address_country"], facts), str(REQUIRED)) | errors
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
    errors = dict.fromkeys(find_missing(country, parts), str(REQUIRED)) | errors
    if errors:
        raise OrderInvalid(" ".join(f"{_name(path)}: {text}" for path, text in errors.items()), fields=errors)
    return parts


def _check_numbers(currency: str, lines: Sequence[LineDraft]) -> None:
    """Raise OrderInvalid for too few or too many lines, and for a number that no line may have."""
    if not 0 < len(lines) <= MOST_LINES:
        counts = {"most": write_number(MOST_LINES), "lines": write_number(len(lines))}
        sentence = _("An order has 1 to %(most)s lines; this one has %(lines)s.") % counts
        raise OrderInvalid(sentence, fields={"lines": sentence})
    highest = largest_price(currency)
    for index, line in enumerate(lines):
        if not 0 < line.quantity <= MOST_QUANTITY:
            facts = {"line": index + 1, "most": write_number(MOST_QUANTITY)}
            sentence = _("Line %(line)s: the quantity must be from 1 to %(most)s.") % facts
            raise OrderInvalid(sentence, fields={f"lines/{index}/quantity": sentence})
        if not 0 <= line.unit_price <= highest.minor:
            facts = {"line": index + 1, "most": str(highest)}
            sentence = _("Line %(line)s: the unit price must be from 0 to %(most)s.") % facts
            raise OrderInvalid(sentence, fields={f"lines/{index}/unit_price": sentence})
        if line.weight_grams is not None and not 0 < line.weight_grams <= MOST_GRAMS:
            facts = {"line": index + 1, "most": write_number(MOST_GRAMS)}
            sentence = _("Line %(line)s: the weight must be from 1 to %(most)s grams.") % facts
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
        sentence = _("%(typed)s is not an accepted currency. Use one of: %(offered)s.")
        raise OrderInvalid(sentence % {"typed": repr(text[:40]), "offered": offered})
    return text


def check_total(total: Money) -> None:
    """Raise OrderInvalid when no order may come to so much."""
    highest = largest_total(total.currency)
    if total.minor > highest.minor:
        sentence = _("The total is %(total)s; the limit is %(most)s.")
        raise OrderInvalid(sentence % {"total": total, "most": highest})


def _tidy_line(errors: dict[str, str], index: int, line: LineDraft) -> LineDraft:
    sku, description = (
        _read(errors, f"lines/{index}/{name}", getattr(line, name), reader) or "" for name, reader in LINE_FACTS.items()
    )
    return replace(line, sku=sku, description=description)


def _tidy_metadata(errors: dict[str, str], metadata: Mapping[str, str]) -> dict[str, str]:
    if len(metadata) > MOST_METADATA:
        sentence = _("Use at most %(most)s names; this has %(names)s.")
        errors["metadata"] = sentence % {"most": MOST_METADATA, "names": write_number(len(metadata))}
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
        return _("Line %(line)s, %(field)s") % {"line": int(parts[1]) + 1, "field": LINE_LABELS[parts[2]]}
    return str(FACT_LABELS[parts[0]])


def _read(
    errors: dict[str, str], name: str, text: str, reader: Callable[[str], T], *, is_needed: bool = True
) -> T | None:
    """Return what the reader makes of a text, or None with what is wrong in `errors`."""
    try:
        value = reader(text)
    except OrderInvalid as error:
        errors[name] = str(error) if text.strip() else str(REQUIRED)
        return None
    if value == "" and is_needed:
        errors[name] = str(REQUIRED)
        return None
    return value


def _read_price(text: str, *, currency: str) -> Money:
    if not currency:
        raise OrderInvalid(_("Choose a currency first."))
    return read_price(text, currency)
