"""A new order as it is typed: its form, its lines, and what they come to."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.datastructures import MultiValueDict

from console.countries import COUNTRIES
from console.fields import CleanEmailField, LineField
from orders.money import CURRENCIES, DECIMALS, Money, add_up
from orders.services import LARGEST_TOTAL, MOST_LINES, LineDraft, OrderDraft

LINES: Final = "lines"
MOST_QUANTITY: Final = 10_000
LARGEST_PRICE: Final = 10**9  # minor units; times quantity and lines it stays far below what BIGINT holds
REQUIRED: Final = {"required": "Fill this in."}
PRICE_PATTERN: Final = r"\d{1,12}(\.\d{1,6})?"

Typed = Mapping[str, Any]


class OrderForm(forms.Form):
    """Customer, address and currency of a new order."""

    idempotency_key = LineField(max_length=64, widget=forms.HiddenInput)
    customer_name = LineField(label="Name", max_length=200)
    customer_email = CleanEmailField(label="E-mail", max_length=254)
    address_line = LineField(label="Street and number", max_length=200)
    address_postcode = LineField(label="Postcode", max_length=20)
    address_city = LineField(label="City", max_length=100)
    address_country = forms.ChoiceField(label="Country", choices=[("", "Choose a country"), *COUNTRIES.items()])
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in CURRENCIES])

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages |= REQUIRED
        self.fields["idempotency_key"].error_messages |= dict.fromkeys(
            ("required", "max_length"), "The form is incomplete. Open a new one."
        )
        for name in ("customer_name", "customer_email", "address_line", "address_postcode", "address_city"):
            # What a customer says on the telephone is not the clerk's own address.
            self.fields[name].widget.attrs["autocomplete"] = "off"


class LineForm(forms.Form):
    """One line; the price is a decimal text in the order's currency."""

    sku = LineField(label="SKU", max_length=64)
    description = LineField(label="Description", max_length=200)
    quantity = forms.IntegerField(
        label="Quantity",
        initial=1,
        validators=[
            MinValueValidator(1, "At least 1."),
            MaxValueValidator(MOST_QUANTITY, f"At most {MOST_QUANTITY:,}."),
        ],
        error_messages={"invalid": "Write a whole number."},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    unit_price = LineField(label="Unit price", max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal"}))

    use_required_attribute = False

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        for field in self.fields.values():
            field.error_messages |= REQUIRED
            field.widget.attrs["autocomplete"] = "off"

    def clean_unit_price(self) -> Money:
        """Return the price as money."""
        return read_price(self.cleaned_data["unit_price"], self.currency)


class LineFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """The lines of a new order. Empty rows do not count, wherever they stand."""

    def initial_form_count(self) -> int:
        """Take no row for one that was there before: each may be left empty."""
        return 0

    def total_form_count(self) -> int:
        """Count the rows that are shown again, or those that were sent."""
        return super().total_form_count() if self.is_bound else len(self.initial or ())

    def clean(self) -> None:
        """Want at least one line, and a total that the console takes."""
        if any(self.errors):
            return
        drafts = self.drafts
        if not drafts:
            raise ValidationError("An order needs at least one line.")
        currency = self.forms[0].currency
        total = add_up((Money(line.unit_price, currency) * line.quantity for line in drafts), currency)
        if total.minor > LARGEST_TOTAL:
            raise ValidationError(f"The total is {total}; an order may come to {Money(LARGEST_TOTAL, currency)}.")

    @property
    def drafts(self) -> tuple[LineDraft, ...]:
        """The lines that were filled in; only of a set without errors."""
        return tuple(
            LineDraft(
                sku=form.cleaned_data["sku"],
                description=form.cleaned_data["description"],
                quantity=form.cleaned_data["quantity"],
                unit_price=form.cleaned_data["unit_price"].minor,
            )
            for form in self.forms
            if form.cleaned_data
        )


LINE_FORMS: Final = cast(
    type[LineFormSet],
    forms.formset_factory(
        LineForm,
        formset=LineFormSet,
        extra=0,
        max_num=MOST_LINES,
        absolute_max=MOST_LINES + 1,
        validate_max=True,
    ),
)


def read_price(text: str, currency: str) -> Money:
    """Read a price such as '12.50'. Raises ValidationError with a sentence for the field."""
    if currency not in CURRENCIES:
        raise ValidationError("Choose a currency first.")
    if not re.fullmatch(PRICE_PATTERN, text, re.ASCII):
        raise ValidationError(f"Use digits and a point, such as {Money(1250, currency).amount}.")
    try:
        price = Money.parse(text, currency)
    except ValueError as error:
        decimals = DECIMALS[currency]
        wanted = f"at most {decimals} decimals" if decimals else "no decimals"
        raise ValidationError(f"A price in {currency} has {wanted}.") from error
    if price.minor > LARGEST_PRICE:
        raise ValidationError(f"A unit may cost {Money(LARGEST_PRICE, currency)} at most.")
    return price


@dataclass(frozen=True)
class Totals:
    """What the lines come to so far: one total for each row, None where a row cannot be worked out yet.

    `open_rows` is the number of rows with something in them that are not in the total.
    """

    rows: tuple[Money | None, ...]
    total: Money
    open_rows: int


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong with a form; `target` is the id of the field, or empty when it is about the whole."""

    sentence: str
    label: str = ""
    target: str = ""


class Submission:
    """A new order as it is being typed: the order's form and its lines together."""

    def __init__(self, order_form: OrderForm, lines: LineFormSet, typed_lines: Iterable[Typed]) -> None:
        self.order_form = order_form
        self.lines = lines
        self._typed_lines = tuple(typed_lines)

    @classmethod
    def blank(cls) -> "Submission":
        """Return an empty form, with a key of its own that lets it make one order only."""
        blank = cls.retyped({"idempotency_key": str(uuid4()), "currency": CURRENCIES[0]}, [{}])
        blank.order_form.fields["customer_name"].widget.attrs["autofocus"] = True
        return blank

    @classmethod
    def retyped(cls, order: Typed, lines: list[Typed], *, focus_row: int | None = None) -> "Submission":
        """Return a form that shows what was typed, without judging it; the person goes on in `focus_row`."""
        shown = [{"quantity": 1, **line} for line in lines]
        form_kwargs = {"currency": _currency_of(order)}
        line_forms = LINE_FORMS(initial=shown, prefix=LINES, form_kwargs=form_kwargs)
        if focus_row is not None:
            line_forms.forms[focus_row].fields["sku"].widget.attrs["autofocus"] = True
        return cls(OrderForm(initial=order), line_forms, shown)

    @classmethod
    def sent(cls, data: MultiValueDict[str, str]) -> "Submission":
        """Return the form as it was sent, to be judged."""
        lines = LINE_FORMS(data, prefix=LINES, form_kwargs={"currency": _currency_of(data)})
        return cls(OrderForm(data), lines, read_typed_lines(data))

    def is_valid(self) -> bool:
        """Tell whether it can be submitted; both parts are judged, so that all complaints show at once."""
        return all([self.order_form.is_valid(), self.lines.is_valid()])

    @property
    def complaints(self) -> list[Complaint]:
        """Everything that is wrong with a form that was sent, in the order of its fields."""
        if not self.order_form.is_bound:
            return []
        found = [Complaint(str(sentence)) for sentence in self.order_form.non_field_errors()]
        found += _complain_of(self.order_form)
        first = f"id_{LINES}-0-sku"
        found += [Complaint(str(sentence), "Lines", first) for sentence in self.lines.non_form_errors()]
        for number, form in enumerate(self.lines.forms, start=1):
            found += _complain_of(form, prefix=f"Line {number}, ")
        return found

    @property
    def rows(self) -> list[tuple[LineForm, Money | None]]:
        """The rows of lines with what each comes to."""
        return list(zip(self.lines.forms, self.totals.rows, strict=False))

    @property
    def draft(self) -> OrderDraft:
        """The order to be submitted, of a form without errors."""
        facts = {name: value for name, value in self.order_form.cleaned_data.items() if name != "idempotency_key"}
        return OrderDraft(**facts, lines=self.lines.drafts)

    @property
    def totals(self) -> Totals:
        """What the lines come to so far, worked out on the server."""
        currency = self.lines.form_kwargs["currency"] or CURRENCIES[0]
        rows = tuple(_work_out(line, currency) for line in self._typed_lines)
        open_rows = sum(
            total is None and any(line.get(name) for name in ("sku", "description", "unit_price"))
            for line, total in zip(self._typed_lines, rows, strict=True)
        )
        return Totals(rows, add_up((row for row in rows if row is not None), currency), open_rows)


def read_typed_lines(data: MultiValueDict[str, str]) -> list[Typed]:
    """Return the rows of lines as they were typed."""
    count = data.get(f"{LINES}-TOTAL_FORMS") or ""
    rows = min(int(count), MOST_LINES) if re.fullmatch(r"\d{1,4}", count, re.ASCII) else 0
    return [{name: data.get(f"{LINES}-{row}-{name}", "") for name in LineForm.base_fields} for row in range(rows)]


def _complain_of(form: forms.Form, *, prefix: str = "") -> list[Complaint]:
    """Return what is wrong with the fields of one form."""
    return [
        Complaint(str(sentence))
        if field.is_hidden
        else Complaint(str(sentence), prefix + field.label, field.id_for_label)
        for field in form
        for sentence in field.errors
    ]


def _currency_of(order: Typed) -> str:
    currency = order.get("currency", "")
    return currency if currency in CURRENCIES else ""


def _work_out(line: Typed, currency: str) -> Money | None:
    """Return the total of a row, or None while it cannot be worked out."""
    quantity = str(line.get("quantity", "")).strip()
    if not re.fullmatch(r"\d{1,5}", quantity, re.ASCII) or not 0 < int(quantity) <= MOST_QUANTITY:
        return None
    try:
        return read_price(str(line.get("unit_price", "")).strip(), currency) * int(quantity)
    except ValidationError:
        return None
