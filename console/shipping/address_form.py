"""The form that corrects where an order goes: the parts that addresses in its country have."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from console.fields import EntryField, TextField
from console.forms import LONGEST_REASON
from orders.errors import OrderInvalid
from orders.intake.addresses import PARTS, WRITTEN, find_format
from orders.intake.drafts import FACTS, REQUIRED
from orders.models import Order
from orders.shipping.address import digest_address

STREET_LABELS = {
    "address_line": gettext_lazy("Street and number"),
    "address_line2": gettext_lazy("Flat, building, floor"),
}


class AddressForm(forms.Form):
    """The address as it is, to be corrected. `seen` tells which address that is."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    use_required_attribute = False

    def __init__(self, order: Order, data: Mapping[str, Any] | None = None, *, typed: Mapping[str, Any] | None = None):
        """Make the form: with the order's address, with what somebody had `typed` before, or bound to what was sent."""
        known = {name: getattr(order, name) for name in WRITTEN} | {"seen": digest_address(order)}
        super().__init__(data, auto_id="address-%s", initial={**known, **(typed or {})})
        country = find_format(order.address_country)
        kept = (part for part in PARTS.values() if part not in country.parts and getattr(order, part))
        for name in ("address_line", "address_line2", *country.parts, *kept):
            is_needed = name == "address_line" or name in country.required - {"address_state"}
            label = STREET_LABELS.get(name) or country.labels.get(name) or name
            field = EntryField(label=label, read=FACTS[name], required=is_needed)
            field.error_messages["required"] = REQUIRED
            self.fields[name] = field
        self.fields["reason"] = TextField(
            label=gettext_lazy("Reason"),
            required=False,
            max_length=LONGEST_REASON,
            widget=forms.Textarea(attrs={"rows": 2}),
        )
        self.fields["reason"].is_optional = True  # type: ignore[attr-defined]

    def address(self) -> dict[str, str]:
        """Return the parts of a valid form, by their columns."""
        return {name: self.cleaned_data[name] for name in WRITTEN if name in self.fields}

    def complain(self, error: OrderInvalid) -> None:
        """Put what is wrong beside the fields that it is about."""
        for name, sentence in error.fields.items():
            self.add_error(name if name in self.fields else None, sentence)

    def renewed(self, order: Order) -> "AddressForm":
        """Return the form with what was typed, over the address that the order has now."""
        typed = {name: self.data.get(name, "") for name in self.fields if name != "seen"}
        return AddressForm(order, typed=typed)
