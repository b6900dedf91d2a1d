"""A new order as it is typed: its form and its lines together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import uuid4

from django import forms
from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console.fields import EntryField
from console.intake.lines import PREFIX, Cell, Lines, Row, have_all_arrived, read_typed_lines
from orders.errors import OrderInvalid
from orders.intake.addresses import ANY_COUNTRY, PARTS, find_format, find_missing, list_countries, name_country
from orders.intake.drafts import FACTS, REQUIRED, OrderDraft, TypedLine, read_currency
from orders.intake.entries import read_entry
from orders.language import write_number

# What the form carries along and no order has.
NO_FACTS: Final = frozenset({"idempotency_key", "priced_in", "prices_checked"})

# The summary above the form names so many of the things that are wrong; each field has its own sentence besides.
MOST_COMPLAINTS: Final = 20

INCOMPLETE: Final = gettext_lazy("The form is incomplete. Open a new one.")

Typed = Mapping[str, Any]


def _read_key(text: str) -> str:
    """Return the key that the page brought along; it is not what a person types."""
    try:
        return read_entry(text, limit=64)
    except OrderInvalid as error:
        raise OrderInvalid(str(INCOMPLETE)) from error


class OrderForm(forms.Form):
    """Customer, address and currency of a new order."""

    idempotency_key = EntryField(read=_read_key, widget=forms.HiddenInput)
    customer_name = EntryField(label=gettext_lazy("Name"), read=FACTS["customer_name"])
    customer_company = EntryField(label=gettext_lazy("Company"), read=FACTS["customer_company"], required=False)
    customer_email = EntryField(label=gettext_lazy("E-mail"), read=FACTS["customer_email"])
    customer_phone = EntryField(label=gettext_lazy("Telephone"), read=FACTS["customer_phone"], required=False)
    address_country = EntryField(label=gettext_lazy("Country"), read=FACTS["address_country"], widget=forms.Select())
    address_line = EntryField(label=gettext_lazy("Street and number"), read=FACTS["address_line"])
    address_line2 = EntryField(label=gettext_lazy("Flat, building, floor"), read=FACTS["address_line2"], required=False)
    address_postcode = EntryField(read=FACTS["address_postcode"], required=False)
    address_city = EntryField(read=FACTS["address_city"], required=False)
    address_state = EntryField(read=FACTS["address_state"], required=False)
    payment_method = EntryField(label=gettext_lazy("Payment method"), read=FACTS["payment_method"], required=False)
    customer_reference = EntryField(
        label=gettext_lazy("Customer number"), read=FACTS["customer_reference"], required=False
    )
    currency = EntryField(label=gettext_lazy("Currency"), read=read_currency, widget=forms.Select())
    # The currency that the prices were typed in, and the one that a person says they are right in.
    priced_in = forms.CharField(required=False, widget=forms.HiddenInput)
    prices_checked = forms.CharField(required=False)

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.error_messages |= {"required": REQUIRED}
        self._adapt_to_country()
        _offer(self.fields["address_country"], {"": _("Choose a country"), **list_countries()})
        _offer(self.fields["currency"], {code: code for code in settings.ORDER_CURRENCIES})
        self.fields["idempotency_key"].error_messages["required"] = INCOMPLETE
        self.fields["customer_email"].widget.attrs |= {"inputmode": "email", "autocapitalize": "off"}
        self.fields["customer_phone"].widget.attrs["inputmode"] = "tel"
        for name in ("payment_method", "customer_reference"):
            self.fields[name].widget.attrs |= {"autocapitalize": "off", "spellcheck": "false"}
        self.fields["address_state"].widget.attrs["list"] = "address-states"

    def _adapt_to_country(self) -> None:
        """Call the parts of the address what the country calls them, and say which it can do without."""
        country = str(self["address_country"].value() or "")
        self.address_format = find_format(country)
        for part in PARTS.values():
            field = self.fields[part]
            if part in self.address_format.parts:
                field.label = str(self.address_format.labels[part])
                field.is_optional = part not in self.address_format.required  # type: ignore[attr-defined]
            else:
                facts = {"part": ANY_COUNTRY.labels[part], "country": name_country(country)}
                field.label = _("%(part)s (not used in %(country)s)") % facts

    @property
    def address_parts(self) -> list[forms.BoundField]:
        """The parts that the country's addresses have, in its order, and whatever else was typed."""
        others = (part for part in PARTS.values() if part not in self.address_format.parts and self[part].value())
        return [self[part] for part in (*self.address_format.parts, *others)]

    def keep_what_is_typed(self) -> None:
        """Let the browser keep the fields that it has, with what was typed while the page was asked for others."""
        for part in PARTS.values():
            self.fields[part].widget.attrs["hx-preserve"] = "true"

    def clean(self) -> None:
        """Want the parts without which nothing arrives in the country."""
        given = {part: self.cleaned_data.get(part, "?") for part in PARTS.values()}
        for part in find_missing(self.cleaned_data.get("address_country", ""), given):
            self.add_error(part, REQUIRED)


def _offer(field: forms.Field, choices: Mapping[str, str]) -> None:
    """Set what a select offers; what is sent is for the field's reader to judge."""
    cast(forms.Select, field.widget).choices = list(choices.items())


@dataclass(frozen=True)
class CurrencyChange:
    """Prices were typed in one currency, and now count in another; they are not converted."""

    before: str
    now: str
    is_confirmed: bool


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong with a form; `target` is the id of the field, or empty when it is about the whole.

    `order_id` is the order that the sentence is about and that the person may open, or empty.
    """

    sentence: str
    label: str = ""
    target: str = ""
    order_id: str = ""


class Submission:
    """A new order as it is being typed: the order's form and its lines together."""

    def __init__(self, order_form: OrderForm, lines: Lines, typed: Typed) -> None:
        self.order_form = order_form
        self.lines = lines
        self._typed = typed
        self.refusal: Complaint | None = None
        # Rows of a spreadsheet that could not become lines yet, and why.
        self.pasted = ""
        self.paste_complaint = ""

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

    @classmethod
    def refused(cls, data: MultiValueDict[str, str], refusal: Complaint) -> "Submission":
        """Return the form as it was sent, which was not taken, with a fresh key: sent again it is a new order."""
        fresh = data.copy()
        fresh["idempotency_key"] = str(uuid4())
        submission = cls.sent(fresh)
        submission.refusal = refusal
        return submission

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
        found = [self.refusal] if self.refusal else []
        found += [Complaint(str(sentence)) for sentence in self.order_form.non_field_errors()]
        found += _complain_of(self.order_form)
        change = self.currency_change
        if change is not None and not change.is_confirmed:
            sentence = _(
                "The prices were typed in %(before)s and are not converted. Confirm that they are right in %(now)s, or "
                "choose %(before)s again."
            )
            facts = {"before": change.before, "now": change.now}
            found.append(Complaint(sentence % facts, _("Currency"), "id_prices_checked"))
        found += [Complaint(sentence, _("Lines"), f"id_{PREFIX}-0-sku") for sentence in self.lines_complaints]
        found += [
            Complaint(cell.error, _name_cell(row, cell), cell.id)
            for row in self.lines.rows
            if row.errors
            for cell in row.cells
            if cell.error
        ]
        if len(found) <= MOST_COMPLAINTS:
            return found
        others = len(found) - MOST_COMPLAINTS
        sentence = ngettext(
            "%(count)s more fields have errors, shown beside each field.",
            "%(count)s more fields have errors, shown beside each field.",
            others,
        )
        return [*found[:MOST_COMPLAINTS], Complaint(sentence % {"count": write_number(others)})]

    @property
    def draft(self) -> OrderDraft:
        """The order to be submitted, of a form without errors."""
        facts = {name: value for name, value in self.order_form.cleaned_data.items() if name not in NO_FACTS}
        return OrderDraft(**facts, lines=self.lines.drafts)


def _name_cell(row: Row, cell: Cell) -> str:
    return _("Line %(line)s, %(field)s") % {"line": row.position + 1, "field": cell.label}


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
