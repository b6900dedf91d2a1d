"""A new order as it is typed: its form and its lines together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.conf import settings
from django.utils.datastructures import MultiValueDict

from console.countries import COUNTRIES
from console.fields import EntryField
from console.order_lines import PREFIX, Lines, have_all_arrived, read_typed_lines
from orders.drafts import FACTS, REQUIRED, OrderDraft, TypedLine
from orders.entries import read_entry
from orders.errors import OrderInvalid

# What the form carries along and no order has.
NO_FACTS: Final = frozenset({"idempotency_key", "priced_in", "prices_checked"})

INCOMPLETE: Final = "The form is incomplete. Open a new one."

Typed = Mapping[str, Any]


def _read_key(text: str) -> str:
    """Return the key that the page brought along; it is not what a person types."""
    try:
        return read_entry(text, limit=64)
    except OrderInvalid as error:
        raise OrderInvalid(INCOMPLETE) from error


class OrderForm(forms.Form):
    """Customer, address and currency of a new order."""

    idempotency_key = EntryField(read=_read_key, widget=forms.HiddenInput)
    customer_name = EntryField(label="Name", read=FACTS["customer_name"])
    customer_email = EntryField(label="E-mail", read=FACTS["customer_email"])
    address_line = EntryField(label="Street and number", read=FACTS["address_line"])
    address_postcode = EntryField(label="Postcode", read=FACTS["address_postcode"])
    address_city = EntryField(label="City", read=FACTS["address_city"])
    address_country = forms.ChoiceField(label="Country", choices=[("", "Choose a country"), *COUNTRIES.items()])
    currency = forms.ChoiceField(label="Currency")
    # The currency that the prices were typed in, and the one that a person says they are right in.
    priced_in = forms.CharField(required=False, widget=forms.HiddenInput)
    prices_checked = forms.CharField(required=False)

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages |= {"required": REQUIRED}
        self.fields["currency"].choices = [(code, code) for code in settings.ORDER_CURRENCIES]  # type: ignore[attr-defined]
        self.fields["idempotency_key"].error_messages["required"] = INCOMPLETE
        self.fields["customer_email"].widget.attrs |= {"inputmode": "email", "autocapitalize": "off"}


@dataclass(frozen=True)
class CurrencyChange:
    """Prices were typed in one currency, and now count in another; they are not converted."""

    before: str
    now: str
    is_confirmed: bool


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong with a form; `target` is the id of the field, or empty when it is about the whole."""

    sentence: str
    label: str = ""
    target: str = ""


class Submission:
    """A new order as it is being typed: the order's form and its lines together."""

    def __init__(self, order_form: OrderForm, lines: Lines, typed: Typed) -> None:
        self.order_form = order_form
        self.lines = lines
        self._typed = typed

    @classmethod
    def blank(cls) -> "Submission":
        """Return an empty form, with a key of its own that lets it make one order only."""
        blank = cls.retyped({"idempotency_key": str(uuid4()), "currency": settings.ORDER_CURRENCIES[0]}, ())
        blank.order_form.fields["customer_name"].widget.attrs["autofocus"] = True
        return blank

    @classmethod
    def retyped(cls, order: Typed, lines: Iterable[TypedLine], *, focus_row: int | None = None) -> "Submission":
        """Return a form that shows what was typed, without judging it; the person goes on in `focus_row`."""
        rows = Lines(tuple(lines) or (TypedLine(quantity="1"),), _currency_of(order), focus_row=focus_row)
        return cls(OrderForm(initial=dict(order)), rows, order)

    @classmethod
    def sent(cls, data: MultiValueDict[str, str]) -> "Submission":
        """Return the form as it was sent, to be judged."""
        typed = read_typed_lines(data)
        is_whole = have_all_arrived(data, len(typed))
        rows = typed or (TypedLine(quantity="1"),)
        return cls(OrderForm(data), Lines(rows, _currency_of(data), is_judged=True, is_whole=is_whole), data)

    def is_valid(self) -> bool:
        """Tell whether it can be submitted; all parts are judged, so that all complaints show at once."""
        change = self.currency_change
        return all([self.order_form.is_valid(), self.lines.is_valid, change is None or change.is_confirmed])

    @property
    def priced_in(self) -> str:
        """The currency that the prices were typed in; empty as long as there are none, or where nobody knows."""
        if not self.lines.has_prices:
            return ""
        known = self._typed.get("priced_in", "")
        return known if known in settings.ORDER_CURRENCIES else self.lines.currency

    @property
    def currency_change(self) -> CurrencyChange | None:
        """The change of the currency after prices were typed, if there was one."""
        before, now = self.priced_in, self.lines.currency
        if not before or not now or before == now:
            return None
        return CurrencyChange(before, now, is_confirmed=self._typed.get("prices_checked") == now)

    @property
    def lines_complaints(self) -> list[str]:
        """What is wrong with the lines together, of a form that was sent."""
        return self.lines.complaints if self.order_form.is_bound else []

    @property
    def complaints(self) -> list[Complaint]:
        """Everything that is wrong with a form that was sent, in the order of its fields."""
        if not self.order_form.is_bound:
            return []
        found = [Complaint(str(sentence)) for sentence in self.order_form.non_field_errors()]
        found += _complain_of(self.order_form)
        change = self.currency_change
        if change is not None and not change.is_confirmed:
            sentence = (
                f"The prices were typed in {change.before} and are not converted. "
                f"Tick that they are right in {change.now}, or choose {change.before} again."
            )
            found.append(Complaint(sentence, "Currency", "id_prices_checked"))
        found += [Complaint(sentence, "Lines", f"id_{PREFIX}-0-sku") for sentence in self.lines_complaints]
        found += [
            Complaint(cell.error, f"Line {row.position + 1}, {cell.label}", cell.id)
            for row in self.lines.rows
            if row.errors
            for cell in row.cells
            if cell.error
        ]
        return found

    @property
    def draft(self) -> OrderDraft:
        """The order to be submitted, of a form without errors."""
        facts = {name: value for name, value in self.order_form.cleaned_data.items() if name not in NO_FACTS}
        return OrderDraft(**facts, lines=self.lines.drafts)


def _complain_of(form: forms.Form) -> list[Complaint]:
    """Return what is wrong with the fields of a form."""
    return [
        Complaint(str(sentence)) if field.is_hidden else Complaint(str(sentence), str(field.label), field.id_for_label)
        for field in form
        for sentence in field.errors
    ]


def _currency_of(order: Typed) -> str:
    currency = str(order.get("currency", ""))
    return currency if currency in settings.ORDER_CURRENCIES else ""
