"""Figures about the orders that were submitted in a period: what became of them, and how long decisions took.

Everything is about orders submitted in the period, by days in UTC, so that the figures of one page agree with each
other and with the orders' histories.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any, Final

from django.db.models import Aggregate, Count, DurationField, F, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate

from orders import states
from orders.events import EventKind
from orders.models import Decision, Order, OrderEvent, PaymentAttempt, Refund
from orders.money import Money
from orders.states import Outcome, ReasonCode, Status

LONGEST_PERIOD: Final = timedelta(days=366)
# A decision that counted, or that nobody has answered yet.
COUNTING: Final = (Outcome.ACCEPTED, Outcome.PENDING)


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included, in UTC. Raises ValueError for none, or more than LONGEST_PERIOD."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not timedelta(0) <= self.last - self.first < LONGEST_PERIOD:
            raise ValueError(f"A period has 1 to {LONGEST_PERIOD.days} days.")

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The moment of its beginning, and that of its end, which is no longer in it."""
        begins, ends = self.first, self.last + timedelta(days=1)
        return datetime.combine(begins, clock_time.min, UTC), datetime.combine(ends, clock_time.min, UTC)

    def within(self, name: str) -> Q:
        """Return the condition that the time `name` lies in it."""
        begins, ends = self.bounds
        return Q(**{f"{name}__gte": begins, f"{name}__lt": ends})


@dataclass(frozen=True)
class DayFigures:
    """The orders submitted on one day, by where they are now; `expired` are those cancelled at their deadline."""

    day: date
    completed: int = 0
    cancelled: int = 0
    expired: int = 0
    open: int = 0

    @property
    def submitted(self) -> int:
        """All of them."""
        return self.completed + self.cancelled + self.expired + self.open


@dataclass(frozen=True)
class DecisionFigures:
    """How long decisions took from the order's submission on, by who took them; an empty actor stands for everybody."""

    actor: str
    approvals: int
    cancellations: int
    median: timedelta
    p90: timedelta


@dataclass(frozen=True)
class StepFigures:
    """How often a step failed and was tried again, and for how many orders."""

    activity: str
    retries: int
    orders: int


@dataclass(frozen=True)
class MoneyFigures:
    """What completed orders came to, and what was refunded, in one currency."""

    orders: int
    total: Money
    refunds: int
    refunded: Money


class Percentile(Aggregate):
    """PostgreSQL's percentile_cont, which also takes intervals."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, fraction: float, **extra: Any) -> None:
        super().__init__(expression, fraction=fraction, **extra)


def count_by_day(period: Period) -> list[DayFigures]:
    """Return the figures of every day, also of those without orders."""
    is_expired = Q(status=Status.CANCELLED, reason_code=ReasonCode.APPROVAL_TIMEOUT)
    rows = (
        _orders(period)
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values("day")
        .annotate(
            completed=Count("pk", filter=Q(status=Status.COMPLETED)),
            expired=Count("pk", filter=is_expired),
            cancelled=Count("pk", filter=Q(status=Status.CANCELLED) & ~is_expired),
            open=Count("pk", filter=Q(status__in=sorted(states.OPEN))),
        )
        .order_by()
    )
    found = {row["day"]: DayFigures(**row) for row in rows}
    return [found.get(day, DayFigures(day)) for day in period.days]


def measure_decisions(period: Period) -> list[DecisionFigures]:
    """Return how long decisions took: everybody's first, then by who took most of them. Nothing without a decision."""
    decisions = Decision.objects.filter(period.within("order__created_at"), outcome__in=COUNTING)
    figures: dict[str, Any] = {
        "approvals": Count("pk", filter=Q(kind="approve")),
        "cancellations": Count("pk", filter=Q(kind="cancel")),
        "median": Percentile(F("taken_at") - F("order__created_at"), 0.5, output_field=DurationField()),
        "p90": Percentile(F("taken_at") - F("order__created_at"), 0.9, output_field=DurationField()),
    }
    everybody = decisions.order_by().aggregate(**figures)
    if everybody["median"] is None:
        return []
    grouped: QuerySet[Any] = decisions.values("actor").annotate(**figures)
    rows: Iterable[dict[str, Any]] = grouped.order_by("-approvals", "-cancellations", "actor")
    return [DecisionFigures(actor="", **everybody), *(DecisionFigures(**row) for row in rows)]


def count_retries(period: Period) -> list[StepFigures]:
    """Return the steps that failed and were tried again, the one that did most often first."""
    failed = OrderEvent.objects.filter(period.within("order__created_at"), kind=EventKind.STEP_FAILED)
    rows = (
        failed.annotate(activity=KT("data__activity"))
        .values("activity")
        .annotate(retries=Count("pk"), orders=Count("order", distinct=True))
        .order_by("-retries", "activity")
    )
    return [StepFigures(**row) for row in rows]


def count_gateway_answers(period: Period) -> dict[str, int]:
    """Return how often the gateways were asked for a charge, by what they answered."""
    asked = PaymentAttempt.objects.filter(period.within("payment__order__created_at"), kind="CHARGE")
    counts = dict(asked.values_list("outcome").annotate(Count("pk")).order_by())
    return {outcome.value: counts.get(outcome.value, 0) for outcome in PaymentAttempt.Outcome}


def sum_money(period: Period) -> list[MoneyFigures]:
    """Return what completed orders came to and what was refunded, by currency."""
    completed = _orders(period).filter(status=Status.COMPLETED)
    refunded = Refund.objects.filter(period.within("payment__order__created_at"), status=Refund.Status.SUCCEEDED)
    sums, back = _sum(completed, "total"), _sum(refunded, "amount")
    return [
        MoneyFigures(
            orders=sums.get(currency, (0, 0))[0],
            total=Money(sums.get(currency, (0, 0))[1], currency),
            refunds=back.get(currency, (0, 0))[0],
            refunded=Money(back.get(currency, (0, 0))[1], currency),
        )
        for currency in sorted({*sums, *back})
    ]


def _orders(period: Period) -> "QuerySet[Order]":
    return Order.objects.filter(period.within("created_at"))


def _sum(rows: "QuerySet[Any]", name: str) -> dict[str, tuple[int, int]]:
    """Return number and sum of rows by their currency."""
    found: Iterable[Sequence[Any]] = rows.values_list("currency").annotate(Count("pk"), Sum(name)).order_by()
    return {currency: (count, int(total)) for currency, count, total in found}
