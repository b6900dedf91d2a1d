"""Open orders by what keeps them from moving. The tables alone are asked, so that it costs the same in any outage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from django.db.models import Case, CharField, Count, DateTimeField, F, Min, Q, QuerySet, Subquery, Value, When, Window
from django.db.models.expressions import OuterRef
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Now, RowNumber

from orders import states
from orders.decisions.follow_ups import refused_refunds
from orders.decisions.refunds import REQUESTED
from orders.engine.sending import START
from orders.events import EventKind
from orders.lifecycle.troubles import UNRESOLVED_AFTER
from orders.models import Decision, Order, OrderEvent, OutboxMessage, Refund, Trouble
from orders.states import Outcome, Status

# Sooner than this nothing is called stuck: the relay sends within a second or two, a step takes a moment.
UNSENT_AFTER: Final = timedelta(seconds=15)
UNANSWERED_AFTER: Final = timedelta(minutes=1)
UNMOVED_AFTER: Final = timedelta(minutes=2)
# What an order's history ends with while a step is being retried.
RETRIED: Final = (EventKind.STEP_FAILED, EventKind.STEP_RETRIED, EventKind.STEP_RESUMED)
# So many orders of each cause are named.
EXAMPLES: Final = 10


class StuckCause(StrEnum):
    """Why an order does not move, where it is none of `orders.states.TroubleCode`; the first that applies counts."""

    MESSAGE_REFUSED = "MESSAGE_REFUSED"
    START_UNSENT = "START_UNSENT"
    DECISION_UNSENT = "DECISION_UNSENT"
    STEP_PAUSED = "STEP_PAUSED"
    RETRYING = "RETRYING"
    DECISION_UNANSWERED = "DECISION_UNANSWERED"
    OVERDUE = "OVERDUE"
    NOT_MOVING = "NOT_MOVING"
    WAITING = "WAITING"
    # Of refunds, whose orders may have come to their end long ago.
    REFUND_FAILED = "REFUND_FAILED"
    REFUND_UNCONFIRMED = "REFUND_UNCONFIRMED"


@dataclass(frozen=True)
class StuckOrder:
    """One order that does not move; `detail` is what a program said about it, and may be empty."""

    order_id: str
    customer_name: str
    since: datetime
    detail: str


@dataclass(frozen=True)
class StuckGroup:
    """The orders that one cause keeps from moving; `step` is the activity or status that they are held at, or empty.

    `cause` is a TroubleCode or a StuckCause. `orders` are those that have been held up the longest.
    """

    cause: str
    step: str
    count: int
    since: datetime
    orders: Sequence[StuckOrder]


def find_stuck() -> list[StuckGroup]:
    """Return what keeps open orders from moving, the longest first; those that only wait for a person come last."""
    group: dict[str, Any] = {"partition_by": [F("held_by"), F("step")]}
    rows = (
        _with_cause()
        .exclude(held_by="")
        .annotate(
            since=_since(),
            place=Window(RowNumber(), order_by=[F("since"), F("pk")], **group),
            count=Window(Count("*"), **group),
            oldest=Window(Min("since"), **group),
        )
        .filter(place__lte=EXAMPLES)
        .order_by("held_by", "step", "place")
        .values("held_by", "step", "count", "oldest", "order_id", "customer_name", "since", "detail")
    )
    groups = [_read_group(list(found)) for _, found in groupby(rows, key=lambda row: (row["held_by"], row["step"]))]
    groups += [*_list_refunds(StuckCause.REFUND_FAILED, refused_refunds())]
    groups += [*_list_refunds(StuckCause.REFUND_UNCONFIRMED, unconfirmed_refunds())]
    return sorted(groups, key=lambda found: (found.cause == StuckCause.WAITING, found.since))


def unconfirmed_refunds() -> QuerySet[Refund]:
    """Return the refunds that people asked for and the gateway has not answered for long."""
    long_ago = Now() - UNRESOLVED_AFTER
    return Refund.objects.filter(status=Refund.Status.PENDING, key__startswith=REQUESTED, requested_at__lt=long_ago)


def _list_refunds(cause: StuckCause, refunds: QuerySet[Refund]) -> Iterator[StuckGroup]:
    """Yield a group of the orders with these refunds, where there are any."""
    found = list(refunds.order_by("pk").select_related("payment__order")[:EXAMPLES])
    if found:
        orders = [
            StuckOrder(order.order_id, order.customer_name, refund.requested_at, str(refund.amount_money))
            for refund in found
            for order in [refund.payment.order]
        ]
        yield StuckGroup(cause, "", refunds.count(), found[0].requested_at, orders)


def _read_group(rows: list[dict[str, Any]]) -> StuckGroup:
    first = rows[0]
    orders = [StuckOrder(row["order_id"], row["customer_name"], row["since"], row["detail"] or "") for row in rows]
    return StuckGroup(first["held_by"], first["step"] or "", first["count"], first["oldest"], orders)


def _with_cause() -> Any:
    """Return the open orders with what they are held up by: `held_by`, empty for those that move, `step`, `detail`."""
    troubles = Trouble.objects.filter(order=OuterRef("pk")).order_by("pk")
    refused = OutboxMessage.objects.filter(order=OuterRef("pk"), status=OutboxMessage.Status.REFUSED).order_by("pk")
    unsent = OutboxMessage.objects.filter(
        order=OuterRef("pk"), status=OutboxMessage.Status.PENDING, created_at__lt=Now() - UNSENT_AFTER
    ).order_by("pk")
    unanswered = Decision.objects.filter(
        order=OuterRef("pk"), outcome=Outcome.PENDING, taken_at__lt=Now() - UNANSWERED_AFTER
    ).order_by("pk")
    latest = OrderEvent.objects.filter(order=OuterRef("pk")).order_by("-pk")
    orders = Order.objects.filter(status__in=sorted(states.OPEN)).annotate(
        trouble=Subquery(troubles.values("code")[:1]),
        trouble_detail=Subquery(troubles.values("detail")[:1]),
        trouble_since=Subquery(troubles.values("since")[:1]),
        refusal=Subquery(refused.values("last_error")[:1]),
        refused_at=Subquery(refused.values("created_at")[:1]),
        unsent_name=Subquery(unsent.values("name")[:1]),
        unsent_error=Subquery(unsent.values("last_error")[:1]),
        unsent_since=Subquery(unsent.values("created_at")[:1]),
        unanswered_since=Subquery(unanswered.values("taken_at")[:1]),
        latest_kind=Subquery(latest.values("kind")[:1]),
        latest_at=Subquery(latest.values("at")[:1]),
        failing_step=Subquery(latest.values(found=KT("data__activity"))[:1]),
        failure=Subquery(latest.values(found=KT("data__error"))[:1]),
    )
    return orders.annotate(held_by=_held_by(), step=_step(), detail=_detail())


def _held_by() -> Case:
    is_waiting = Q(status=Status.PENDING_MANUAL_APPROVAL, decision="")
    return Case(
        When(trouble__isnull=False, then=F("trouble")),
        When(refusal__isnull=False, then=Value(StuckCause.MESSAGE_REFUSED)),
        When(unsent_name=START, then=Value(StuckCause.START_UNSENT)),
        When(unsent_name__isnull=False, then=Value(StuckCause.DECISION_UNSENT)),
        When(latest_kind=EventKind.STEP_PAUSED, then=Value(StuckCause.STEP_PAUSED)),
        When(latest_kind__in=RETRIED, then=Value(StuckCause.RETRYING)),
        When(unanswered_since__isnull=False, then=Value(StuckCause.DECISION_UNANSWERED)),
        When(is_waiting & Q(approval_deadline__lte=Now()), then=Value(StuckCause.OVERDUE)),
        When(is_waiting, then=Value(StuckCause.WAITING)),
        When(latest_at__lt=Now() - UNMOVED_AFTER, then=Value(StuckCause.NOT_MOVING)),
        default=Value(""),
        output_field=CharField(),
    )


def _step() -> Case:
    return Case(
        When(held_by__in=[StuckCause.STEP_PAUSED, StuckCause.RETRYING], then=Coalesce(F("failing_step"), Value(""))),
        When(held_by=StuckCause.NOT_MOVING, then=F("status")),
        default=Value(""),
        output_field=CharField(),
    )


def _detail() -> Case:
    return Case(
        When(trouble__isnull=False, then=F("trouble_detail")),
        When(held_by=StuckCause.MESSAGE_REFUSED, then=F("refusal")),
        When(held_by__in=[StuckCause.START_UNSENT, StuckCause.DECISION_UNSENT], then=F("unsent_error")),
        When(held_by=StuckCause.RETRYING, then=Coalesce(F("failure"), Value(""))),
        default=Value(""),
        output_field=CharField(),
    )


def _since() -> Case:
    return Case(
        When(trouble__isnull=False, then=F("trouble_since")),
        When(held_by=StuckCause.MESSAGE_REFUSED, then=F("refused_at")),
        When(held_by__in=[StuckCause.START_UNSENT, StuckCause.DECISION_UNSENT], then=F("unsent_since")),
        When(held_by=StuckCause.DECISION_UNANSWERED, then=F("unanswered_since")),
        When(held_by=StuckCause.OVERDUE, then=F("approval_deadline")),
        default=F("latest_at"),
        output_field=DateTimeField(),
    )
