"""The forms other than a new order: a reason, selected orders, the filters of the list."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.fields import LineField, TextField
from orders.decisions.reasons import Offered, says_enough
from orders.identifiers import VIEW_ID_PATTERN, is_order_id
from orders.labels import Label
from orders.labels.stored import describe_stored
from orders.listing.list_query import SORTS
from orders.reading.pages import LONGEST_CURSOR
from orders.reading.search import LONGEST_SEARCH
from orders.states import DecisionKind

LONGEST_REASON: Final = 500
LONGEST_CODE: Final = 32
PAGE_SIZE: Final = 50
LONGEST_QUERY: Final = 8000
# The tabs of the list, in their order, each a question that OrderQuerySet answers.
TABS: Final[Mapping[str, Label]] = {
    "awaiting": gettext_lazy("Awaiting approval"),
    "in-motion": gettext_lazy("In progress"),
    "trouble": gettext_lazy("In trouble"),
    "completed": gettext_lazy("Completed"),
    "cancelled": gettext_lazy("Cancelled"),
    "all": gettext_lazy("All"),
}


class ReasonSelect(forms.Select):
    """A list of reasons, each with what it proposes to tell the customer, which a script fills into the field."""

    texts: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if text := self.texts.get(str(value)):
            option["attrs"]["data-customer-text"] = text
        return option


class CancelForm(forms.Form):
    """Why an order is cancelled, by the shop's list and in words, and what its customer is told."""

    reason_code = forms.ChoiceField(label=gettext_lazy("Reason"), required=False, widget=ReasonSelect)
    reason = TextField(
        label=gettext_lazy("In your own words"),
        max_length=LONGEST_REASON,
        error_messages={"required": gettext_lazy("Enter a reason for cancelling the order.")},
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    customer_text = TextField(
        label=gettext_lazy("Text for the customer"),
        required=False,
        help_text=gettext_lazy("Kept with the cancellation, for the e-mail to the customer."),
        max_length=LONGEST_REASON,
        error_messages={"max_length": gettext_lazy("A text can have at most %(limit_value)s characters.")},
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "data-customer-text": ""}),
    )

    def __init__(self, *args: Any, reasons: Sequence[Offered], **kwargs: Any) -> None:
        """Make the form for what the shop offers, with the places in its texts filled in."""
        super().__init__(*args, **kwargs)
        self.reasons = reasons
        codes: Any = self.fields["reason_code"]
        offered = [(reason.code, describe_stored(reason.words)) for reason in reasons]
        codes.choices = [("", _("Choose from the list")), *offered]
        codes.widget.texts = {reason.code: reason.customer_text for reason in reasons}
        self.fields["customer_text"].is_optional = True  # type: ignore[attr-defined]
        # The form asks a person for a reason; a program that does not send the field has none to give.
        self.fields["reason"].required = "reason" in self.data and not says_enough(self.data.get("reason_code"))
        if not self.is_bound:
            # A reason that is being typed outlives a panel that is swapped in under it.
            for field in self.fields.values():
                field.widget.attrs["hx-preserve"] = "true"

    def with_proposal(self) -> "CancelForm":
        """Return the form as it was filled in, with the text for the customer that the chosen reason proposes."""
        code = self.data.get("reason_code")
        proposed = next((reason.customer_text for reason in self.reasons if reason.code == code), "")
        initial = {name: self.data.get(name, "") for name in self.fields}
        return CancelForm(initial=initial | {"customer_text": proposed}, reasons=self.reasons)


class WithdrawForm(forms.Form):
    """Why somebody takes back an order of their own."""

    reason = TextField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, reason: str = "") -> None:
        super().__init__(data, auto_id="withdraw-%s", initial={"reason": reason})
        self.fields["reason"].is_optional = True  # type: ignore[attr-defined]
        if not self.is_bound:
            self.fields["reason"].widget.attrs["hx-preserve"] = "true"


class ApproveForm(forms.Form):
    """A comment on an approval; for one's own order, the reason, which is required."""

    reason = TextField(
        label=gettext_lazy("Comment"),
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, is_own_order: bool = False, reason: str = "") -> None:
        super().__init__(data, auto_id="approve-%s", initial={"reason": reason})
        if is_own_order:
            self.fields["reason"].label = _("Reason for approving your own order")
        if not self.is_bound:
            # A reason that is being typed outlives a panel that is swapped in under it.
            self.fields["reason"].widget.attrs["hx-preserve"] = "true"


class OrderIdsField(forms.MultipleChoiceField):
    """The ids of selected orders; the service checks whether each exists."""

    def valid_value(self, value: str) -> bool:
        return is_order_id(value)


class ChosenOrdersForm(forms.Form):
    """The ticked orders, or the whole list that `query` names, `confirmed` of which were shown."""

    order_id = OrderIdsField(required=False)
    scope = forms.ChoiceField(
        required=False, choices=[("", gettext_lazy("the ticked orders")), ("all", gettext_lazy("the whole list"))]
    )
    query = forms.CharField(required=False, max_length=LONGEST_QUERY)
    confirmed = forms.IntegerField(required=False, min_value=0, max_value=10**6)

    def clean_order_id(self) -> list[str]:
        """Accept at most a page of orders, each once; the whole list needs none."""
        order_ids = list(dict.fromkeys(self.cleaned_data["order_id"]))
        if len(order_ids) > PAGE_SIZE:
            raise ValidationError(_("Select at most %(most)s orders at a time.") % {"most": PAGE_SIZE})
        return order_ids

    def clean(self) -> None:
        if not self.cleaned_data.get("scope") and self.cleaned_data.get("order_id") == []:
            self.add_error("order_id", _("Select at least one order."))

    @property
    def list_query(self) -> str | None:
        """The query of the whole list where all of it was chosen; None for ticked orders."""
        return self.cleaned_data["query"] if self.cleaned_data["scope"] else None

    @property
    def is_tampered(self) -> bool:
        """Tell whether the data cannot have come from one of the console's forms."""
        return any(self.has_error(name, "invalid_choice") for name in self.fields)

    @property
    def sentence(self) -> str:
        """What is wrong, for a person."""
        return " ".join(str(sentence) for errors in self.errors.values() for sentence in errors)


class BulkForm(ChosenOrdersForm):
    """One decision on the chosen orders."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.value) for kind in DecisionKind])
    reason_code = forms.CharField(required=False, max_length=LONGEST_CODE)
    reason = TextField(
        required=False,
        max_length=LONGEST_REASON,
        error_messages={"max_length": gettext_lazy("A reason can have at most %(limit_value)s characters.")},
    )

    def clean(self) -> None:
        super().clean()
        is_cancel = self.cleaned_data.get("kind") == DecisionKind.CANCEL
        has_reason = bool(self.cleaned_data.get("reason", True)) or says_enough(self.cleaned_data.get("reason_code"))
        if is_cancel and not has_reason:
            self.add_error("reason", _("Enter a reason for cancelling the orders."))

    @property
    def is_tampered(self) -> bool:
        """Tell whether the data cannot have come from one of the console's forms."""
        return super().is_tampered or self.has_error("kind")


class BulkTagForm(ChosenOrdersForm):
    """One tag for the chosen orders; without a `deed` it is only asked for."""

    deed = forms.ChoiceField(required=False, choices=[("add", "add"), ("remove", "remove")])
    tag = forms.CharField(required=False, strip=False, max_length=LONGEST_QUERY)


class RowsField(forms.CharField):
    """The ids of the orders that an open page shows, each with the state that it shows of it."""

    def clean(self, value: Any) -> dict[str, str]:
        """Return the states by order_id; what is no order_id is ignored."""
        pairs = (row.partition(".") for row in super().clean(value).split(",")[:PAGE_SIZE])
        return {order_id: state for order_id, point, state in pairs if is_order_id(order_id)}


class ListForm(forms.Form):
    """The list's query beside its filters. An invalid value is ignored, and the page says so. It is only read, with
    `read`.

    `live`, `rows`, `seen` and `newest` come from a page that asks whether the rows it shows have changed, `fresh` from
    one whose own decision has just changed some, and `look` tells which columns the page has.
    """

    sort = forms.ChoiceField(required=False, choices=[(sort, sort) for sort in SORTS])
    q = LineField(required=False, max_length=LONGEST_SEARCH)
    cursor = forms.CharField(required=False, max_length=LONGEST_CURSOR)
    view = forms.RegexField(VIEW_ID_PATTERN, required=False, max_length=64)
    look = forms.CharField(required=False, max_length=200)
    live = forms.BooleanField(required=False)
    fresh = forms.BooleanField(required=False)
    rows = RowsField(required=False, max_length=PAGE_SIZE * 76)
    seen = forms.CharField(required=False, max_length=64)
    newest = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)

    @classmethod
    def read(cls, query: QueryDict) -> tuple[dict[str, Any], list[str]]:
        """Return the valid values and the names of the others. No form is made for it: polls read it all the time."""
        values, wrong = {}, []
        for name, field in cls.base_fields.items():
            try:
                values[name] = field.clean(field.widget.value_from_datadict(query, {}, name))
            except ValidationError:
                wrong.append(name)
        return values, wrong
