"""The form that extends the deadline of an order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from console.fields import TextField
from console.forms import LONGEST_REASON
from orders.errors import OrderInvalid
from orders.models import Order

USUAL_HOURS: Final = 24


class ExtendForm(forms.Form):
    """By how many hours, and why. `seen` tells which deadline the person knows."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    hours = forms.IntegerField(
        label=gettext_lazy("Hours more"),
        widget=forms.NumberInput(attrs={"min": 1, "step": 1}),
        error_messages={
            "required": gettext_lazy("Enter by how many hours."),
            "invalid": gettext_lazy("Enter a whole number of hours."),
        },
    )
    reason = TextField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        error_messages={"required": gettext_lazy("Enter a reason for extending the deadline.")},
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )

    use_required_attribute = False

    def __init__(self, order: Order, data: Mapping[str, Any] | None = None, *, typed: Mapping[str, Any] | None = None):
        """Make the form: for the order's deadline, with what somebody had `typed` before, or bound to what was sent."""
        known = {"hours": USUAL_HOURS, "seen": order.approval_deadline.isoformat() if order.approval_deadline else ""}
        super().__init__(data, auto_id="extend-%s", initial={**known, **(typed or {})})

    def clean_seen(self) -> datetime | None:
        """Return the deadline that the person knows, None where the form does not say."""
        try:
            return datetime.fromisoformat(self.cleaned_data["seen"])
        except ValueError:
            return None

    def complain(self, error: OrderInvalid) -> None:
        """Put what is wrong beside the fields that it is about."""
        for name, sentence in error.fields.items():
            self.add_error(name if name in self.fields else None, sentence)

    def renewed(self, order: Order) -> "ExtendForm":
        """Return the form with what was typed, for the deadline that the order has now."""
        return ExtendForm(order, typed={name: self.data.get(name, "") for name in ("hours", "reason")})
