"""The form of a refund: an amount, or quantities of the order's lines, which say the amount; and the reason."""

from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any, Final

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.fields import TextField
from console.forms import LONGEST_REASON
from console.order.facts import read_lines
from orders.decisions.reasons import OTHER, list_reasons
from orders.decisions.refunds import LONGEST_KEY, price_quantities
from orders.errors import OrderInvalid
from orders.intake.numbers import read_amount, read_quantity
from orders.labels.stored import describe_stored
from orders.models import Order, OrderLine
from orders.money import Money
from orders.states import ReasonKind

# An order of more lines is refunded by an amount: so many fields would hide it.
MOST_LINES: Final = 20
LINE: Final = "line_"


class RefundForm(forms.Form):
    """What a person asks for. How much is left is judged when the refund is written, under the order's lock."""

    key = forms.CharField(max_length=LONGEST_KEY, widget=forms.HiddenInput)
    amount = forms.CharField(required=False, max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        error_messages={
            "required": gettext_lazy("Choose a reason from the list."),
            "invalid_choice": gettext_lazy("Choose one from the list."),
        },
    )
    reason = TextField(
        label=gettext_lazy("In your own words"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    use_required_attribute = False

    def __init__(
        self, order: Order, data: Mapping[str, Any] | None = None, *, typed: Mapping[str, Any] | None = None
    ) -> None:
        """Make the form for an order: bound to what was sent, or with what somebody had `typed` before."""
        super().__init__(data, auto_id="refund-%s", initial={**(typed or {}), "key": token_urlsafe(12)})
        lines = read_lines(order)
        self.lines = lines if len(lines) <= MOST_LINES else ()
        self.currency = order.currency
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": order.currency}
        choices: Any = self.fields["reason_code"]
        reasons = [(reason.code, describe_stored(reason.words)) for reason in list_reasons(ReasonKind.REFUND)]
        choices.choices = [("", _("Choose from the list")), *reasons]
        for line in self.lines:
            self.fields[f"{LINE}{line.position}"] = forms.CharField(
                label=_("Quantity of %(sku)s") % {"sku": line.sku},
                required=False,
                max_length=20,
                widget=forms.TextInput(attrs={"inputmode": "numeric", "placeholder": "0"}),
            )

    @property
    def line_fields(self) -> list[tuple[OrderLine, BoundField]]:
        """The lines with the fields for their quantities."""
        return [(line, self[f"{LINE}{line.position}"]) for line in self.lines]

    @property
    def money(self) -> Money:
        """What a valid form comes to."""
        found: Money = self.cleaned_data["money"]
        return found

    @property
    def quantities(self) -> dict[int, int]:
        """The chosen quantities of lines, by their positions."""
        found: dict[int, int] = self.cleaned_data["quantities"]
        return found

    @property
    def says_money(self) -> bool:
        """Whether amount and quantities can be read, whatever is still missing beside them."""
        return not any(name == "amount" or name.startswith(LINE) for name in self.errors)

    def clean(self) -> None:
        """Read the amount and the quantities, and whether a text has to say more."""
        quantities = {line.position: self._read_quantity(line) for line in self.lines}
        self.cleaned_data["quantities"] = {position: count for position, count in quantities.items() if count}
        self.cleaned_data["money"] = self._read_money(self.cleaned_data["quantities"])
        if self.cleaned_data.get("reason_code") == OTHER and not self.cleaned_data.get("reason", True):
            self.add_error("reason", _("Say in your own words why it is refunded."))

    def _read_quantity(self, line: OrderLine) -> int:
        typed = str(self.cleaned_data.get(f"{LINE}{line.position}", "")).strip()
        if not typed.strip("0"):
            return 0
        try:
            quantity = read_quantity(typed)
        except OrderInvalid as error:
            self.add_error(f"{LINE}{line.position}", str(error))
            return 0
        if quantity > line.quantity:
            sentence = _("The order has %(quantity)s.") % {"quantity": line.quantity}
            self.add_error(f"{LINE}{line.position}", sentence)
        return quantity

    def _read_money(self, quantities: Mapping[int, int]) -> Money:
        nothing, typed = Money(0, self.currency), self.cleaned_data.get("amount", "").strip()
        chosen = Money(price_quantities(self.lines, quantities), self.currency)
        if not typed:
            if not quantities and not any(name.startswith(LINE) for name in self.errors):
                sentence = _("Enter an amount, or choose quantities.") if self.lines else _("Enter an amount.")
                self.add_error("amount", sentence)
            return chosen
        try:
            money = read_amount(typed, self.currency)
        except OrderInvalid as error:
            self.add_error("amount", str(error))
            return nothing
        if quantities and money != chosen:
            sentence = _("The chosen lines come to %(money)s. Leave the amount empty, or choose no lines.")
            self.add_error("amount", sentence % {"money": chosen})
        return money

    def renew_key(self) -> None:
        """Let what was refused be asked for under another key, once it is corrected."""
        self.data = {**self.data.dict(), "key": token_urlsafe(12)} if hasattr(self.data, "dict") else self.data
