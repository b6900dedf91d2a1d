"""The filters of lists of orders: each in one entry, with how it is read, what it asks of the tables, and its words.

`list_query` reads a query by them. What a value asks stands on the order itself, or on a row that belongs to
it: conditions on one such row are met by the same row.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy

from orders import labels
from orders.decisions.tags import read_tag
from orders.labels import Label
from orders.labels.reasons import WITHDRAWN_LABEL
from orders.listing.known_reasons import known_reasons
from orders.listing.known_rules import known_rules
from orders.listing.related import RELATED
from orders.listing.values import (
    Day,
    Given,
    end_of_day,
    is_code,
    one_of,
    read_currency,
    read_date,
    read_hours,
    read_name,
    read_rule,
    read_total,
    start_of_day,
)
from orders.models import Order, Payment, Refund, Shipment
from orders.models.choices import CHANNEL_CHOICES, REASON_CHOICES
from orders.states import IN_MOTION, WITHDRAWN, Status

AWAITING, IN_PROGRESS, IN_TROUBLE = "awaiting", "in-motion", "trouble"
Choices = tuple[tuple[str, Label], ...]


@dataclass(frozen=True)
class Filter:
    """One filter. `read` raises OrderInvalid with a sentence for the field; `words` tell of a value in the list.

    `condition` is what an index serves. Where that is on another table, PostgreSQL may misjudge how many orders meet
    it; then `on_order` asks the same of the order's own columns, for the nearest rows to be looked at one by one.
    `choices` never change while a program runs; `offer` says those that the shop edits.
    `suggest` returns values that people may mean, for a field in which any text can be typed.
    """

    name: str
    label: Label
    read: Callable[[str, Given], Any]
    condition: Callable[[Any, Given], Q]
    words: Callable[[Any], str] = str
    row: str = ""
    on_order: Callable[[Any], Q] | None = None
    choices: Choices = ()
    offer: Callable[[], Choices] | None = None
    kind: str = "text"
    is_repeatable: bool = False
    suggest: Callable[[], tuple[str, ...]] = tuple

    @property
    def offered(self) -> Choices:
        """What may be chosen now."""
        return self.offer() if self.offer is not None else self.choices


def _choose(
    name: str, label: Label, choices: Choices, *, row: str, column: str, on_order: Callable[[str], Q] | None = None
) -> Filter:
    """Return the filter by a code of a column."""
    return Filter(
        name,
        label,
        read=partial(one_of, choices),
        condition=lambda code, _: Q(**{column: code}),
        words=lambda code: str(dict(choices)[code]),
        row=row,
        on_order=on_order,
        choices=choices,
        kind="choice",
    )


# The status lasts until the workflow knows of the decision.
_NOT_ONLY_AWAITING: Final = gettext_lazy("Awaiting approval, or just decided")
STATUS_CHOICES: Final[Choices] = (
    (AWAITING, gettext_lazy("Awaiting approval")),
    (IN_PROGRESS, gettext_lazy("In progress")),
    (IN_TROUBLE, gettext_lazy("In trouble")),
    *(
        (status.value, _NOT_ONLY_AWAITING if status == Status.PENDING_MANUAL_APPROVAL else label)
        for status, label in labels.STATUS_LABELS.items()
    ),
)
ME, OTHERS = "me", "others"
WAITS_FOR: Final[Choices] = ((ME, gettext_lazy("me")), (OTHERS, gettext_lazy("others")))


def offer_reasons() -> Choices:
    """Return the reasons of the shop's list, on it or not any more, and those that a program finds."""
    return (*known_reasons(), (WITHDRAWN, WITHDRAWN_LABEL), *REASON_CHOICES)


def _has_status(name: str, _: Given) -> Q:
    is_waiting = Q(status=Status.PENDING_MANUAL_APPROVAL)
    if name == AWAITING:
        return is_waiting & Q(decision="")
    if name == IN_PROGRESS:
        return Q(status__in=sorted(IN_MOTION)) | is_waiting & ~Q(decision="")
    if name == IN_TROUBLE:
        return Q(pk__in=Order.objects.order_by().in_trouble().values("pk"))
    return Q(status=name)


def _waits_for(whom: str, given: Given) -> Q:
    waiting = Order.objects.order_by().waiting_for(username=given.username, account_id=given.account_id)
    is_mine = Q(pk__in=waiting.values("pk"))
    if whom == OTHERS:
        return Q(status=Status.PENDING_MANUAL_APPROVAL, decision="") & ~is_mine
    return Q(status=Status.PENDING_MANUAL_APPROVAL) & is_mine


def _ends_within(hours: int, _: Given) -> Q:
    waiting = Q(status=Status.PENDING_MANUAL_APPROVAL, decision="")
    return waiting & Q(approval_deadline__lte=Now() + timedelta(hours=hours))


def _has_reason(code: str, _: Given) -> Q:
    if is_code(REASON_CHOICES, code):
        return Q(reason_code=code)
    # The order repeats the reason of its decision, but only the decision's has an index.
    return Q(RELATED["decision"](Q(reason_code=code)))


def _has_rule(name: str) -> Q:
    """Return the orders to which a rule of the policy applied when they were validated."""
    return Q(policy__contains={"rules": [{"name": name}]})


def _dates(
    name: str, label_from: Label, label_to: Label, *, column: str, row: str = "", on_order: str = ""
) -> tuple[Filter, Filter]:
    """Return the filters by the first and the last day of something."""

    def from_day(field: str, day: Day) -> Q:
        return Q(**{f"{field}__gte": start_of_day(day.on)})

    def to_day(field: str, day: Day) -> Q:
        return Q(**{f"{field}__lt": end_of_day(day.on)})

    def make(bound: str, label: Label, limit: Callable[[str, Day], Q]) -> Filter:
        return Filter(
            f"{name}_{bound}",
            label,
            read=read_date,
            condition=lambda day, _: limit(column, day),
            row=row,
            on_order=partial(limit, on_order) if on_order else None,
            kind="date",
        )

    return make("from", label_from, from_day), make("to", label_to, to_day)


def _read_tag(text: str, _: Given) -> str:
    return read_tag(text)


# In the order in which the panel shows them. `q`, `sort` and `cursor` are no filters.
FILTERS: Final[Mapping[str, Filter]] = {
    each.name: each
    for each in (
        Filter(
            "status",
            gettext_lazy("Status"),
            read=partial(one_of, STATUS_CHOICES),
            condition=_has_status,
            words=lambda code: str(dict(STATUS_CHOICES)[code]),
            choices=STATUS_CHOICES,
            kind="choice",
            is_repeatable=True,
        ),
        Filter(
            "waits_for",
            gettext_lazy("Waits for"),
            read=partial(one_of, WAITS_FOR),
            condition=_waits_for,
            words=lambda whom: str(dict(WAITS_FOR)[whom]),
            choices=WAITS_FOR,
            kind="choice",
        ),
        Filter(
            "deadline_within",
            gettext_lazy("Hours left at most"),
            read=read_hours,
            condition=_ends_within,
            words=lambda hours: f"{hours} h",
            kind="number",
        ),
        *_dates("submitted", gettext_lazy("Submitted from"), gettext_lazy("Submitted to"), column="created_at"),
        *_dates(
            "decided",
            gettext_lazy("Decided from"),
            gettext_lazy("Decided to"),
            column="taken_at",
            row="decision",
            on_order="decided_at",
        ),
        # The nearest rows are looked at first: who asks for what was closed lately need not wait for a long range.
        *_dates(
            "closed",
            gettext_lazy("Closed from"),
            gettext_lazy("Closed to"),
            column="closed_at",
            on_order="closed_at",
        ),
        Filter(
            "currency",
            gettext_lazy("Currency"),
            read=read_currency,
            condition=lambda code, _: Q(currency=code),
            kind="text",
        ),
        Filter(
            "total_min",
            gettext_lazy("Total from"),
            read=read_total,
            condition=lambda total, _: Q(total__gte=total.minor),
            kind="amount",
        ),
        Filter(
            "total_max",
            gettext_lazy("Total to"),
            read=read_total,
            condition=lambda total, _: Q(total__lte=total.minor),
            kind="amount",
        ),
        Filter(
            "customer",
            gettext_lazy("E-mail of the customer"),
            read=read_name,
            condition=lambda email, _: Q(customer_email__iexact=email),
        ),
        Filter(
            "submitted_by",
            gettext_lazy("Submitted by"),
            read=read_name,
            condition=lambda name, _: Q(submitted_by__iexact=name),
        ),
        Filter(
            "decided_by",
            gettext_lazy("Decided by"),
            read=read_name,
            condition=lambda name, _: Q(actor__iexact=name),
            row="decision",
            on_order=lambda name: Q(decided_by__iexact=name),
        ),
        _choose(
            "channel",
            gettext_lazy("Decided through"),
            tuple(CHANNEL_CHOICES),
            row="decision",
            column="channel",
            on_order=lambda code: Q(decision_channel=code),
        ),
        Filter(
            "reason_code",
            gettext_lazy("Reason for cancelling"),
            read=lambda text, given: one_of(offer_reasons(), text, given),
            condition=_has_reason,
            words=lambda code: str(dict(offer_reasons()).get(code, code)),
            on_order=lambda code: Q(reason_code=code) | Q(decision_reason_code=code),
            offer=offer_reasons,
            kind="choice",
        ),
        Filter(
            "rule",
            gettext_lazy("Policy rule"),
            read=read_rule,
            condition=lambda name, _: _has_rule(name),
            on_order=_has_rule,
            suggest=known_rules,
        ),
        _choose("payment", gettext_lazy("Payment"), tuple(Payment.Status.choices), row="payment", column="status"),
        _choose("refund", gettext_lazy("Refund"), tuple(Refund.Status.choices), row="refund", column="status"),
        _choose("shipment", gettext_lazy("Shipment"), tuple(Shipment.Status.choices), row="shipment", column="status"),
        Filter("tag", gettext_lazy("Tag"), read=_read_tag, condition=lambda tag, _: Q(name=tag), row="tag"),
    )
}
