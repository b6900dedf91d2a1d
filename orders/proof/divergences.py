"""Finds where tables, Temporal and the books of others diverge, as `manage.py reconcile` tells it. Nothing is changed.

What it finds is what the reconciler in the workers repairs automatically, and what only a person can judge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Q

from orders.decisions.follow_ups import refused_refunds
from orders.engine import reconcile, runs, temporal
from orders.engine.runs import OpenRun
from orders.engine.temporal import Run
from orders.errors import OrderError
from orders.models import Decision, GatewayEvent, Order, OutboxMessage, Payment, Refund
from orders.postgres.clock import database_now
from orders.proof.of_books import OF_BOOKS
from orders.proof.verify import check_invariants
from orders.states import FINAL, OPEN, Outcome

# What should have been answered by now.
OVERDUE_AFTER: Final = timedelta(minutes=15)
STUCK_AFTER: Final = timedelta(minutes=5)
BATCH: Final = 50


class Kind(StrEnum):
    """In what way two records diverge. What the gateway and the carrier say has the codes of `verify`."""

    RUN_MISSING = "RUN_MISSING"
    RUN_CLOSED = "RUN_CLOSED"
    RUN_LEFT_OVER = "RUN_LEFT_OVER"
    RUN_FAILING = "RUN_FAILING"
    RUN_PAUSED = "RUN_PAUSED"
    ORDER_MISSING = "ORDER_MISSING"
    ENDED_ORDER_MISSING = "ENDED_ORDER_MISSING"
    MESSAGE_STUCK = "MESSAGE_STUCK"
    MESSAGE_REFUSED = "MESSAGE_REFUSED"
    DECISION_UNANSWERED = "DECISION_UNANSWERED"
    PAYMENT_UNKNOWN = "PAYMENT_UNKNOWN"
    REFUND_STUCK = "REFUND_STUCK"
    REFUND_REFUSED = "REFUND_REFUSED"
    EVENT_UNHANDLED = "EVENT_UNHANDLED"


SENTENCES: Final[Mapping[str, str]] = {
    Kind.RUN_MISSING: "The order is open, and Temporal knows no run of it.",
    Kind.RUN_CLOSED: "The order is open, and its last run has ended.",
    Kind.RUN_LEFT_OVER: "The order is closed, and a run of it is still open.",
    Kind.RUN_FAILING: "The order's run cannot go on: its workflow task keeps failing.",
    Kind.RUN_PAUSED: "The order's run is paused in Temporal.",
    Kind.ORDER_MISSING: "A run is open for an order that the console does not have.",
    Kind.ENDED_ORDER_MISSING: "Temporal has an ended run of an order that the console does not have.",
    Kind.MESSAGE_STUCK: "A message to Temporal has been waiting for more than 5 minutes.",
    Kind.MESSAGE_REFUSED: "Temporal refused a message to the order's run.",
    Kind.DECISION_UNANSWERED: "The run has not answered a decision for more than 5 minutes.",
    Kind.PAYMENT_UNKNOWN: "The outcome of the charge or the refund has been unknown for more than 15 minutes.",
    Kind.REFUND_STUCK: "A refund has not been answered for more than 15 minutes.",
    Kind.REFUND_REFUSED: "The gateway refused a refund for good, and nobody has done anything about it.",
    Kind.EVENT_UNHANDLED: "What the gateway sent of the payment has not been dealt with for more than 5 minutes.",
    **{invariant.code: invariant.sentence for invariant in OF_BOOKS},
}
# What the reconciler and the relay bring into agreement; none of it charges anybody. The rest waits for a person.
REPAIRED: Final = frozenset(
    {
        *(Kind.RUN_MISSING, Kind.RUN_CLOSED, Kind.RUN_LEFT_OVER),
        *(Kind.MESSAGE_STUCK, Kind.DECISION_UNANSWERED, Kind.EVENT_UNHANDLED),
    }
)


@dataclass(frozen=True)
class Divergence:
    """One order about which two records say different things; `status` is empty where the console has no such order."""

    kind: str
    order_id: str
    status: str = ""

    @property
    def sentence(self) -> str:
        """What diverges, for people."""
        return SENTENCES[self.kind]

    @property
    def is_repaired(self) -> bool:
        """Tell whether `reconcile --repair`, and the reconciler in the workers, do something about it."""
        return self.kind in REPAIRED


UNKNOWN: Final = (Payment.Status.PENDING, Payment.Status.UNKNOWN)


def find_divergences() -> list[Divergence]:
    """Compare the tables with Temporal's runs and with the gateway's and carrier's books. Raises TemporalAway."""
    open_runs = runs.list_open_runs()
    found = [*_compare_orders(open_runs), *_compare_runs(open_runs), *_look_for_overdue(), *_compare_books()]
    return sorted(found, key=lambda each: (each.kind, each.order_id))


def _compare_orders(open_runs: Mapping[str, OpenRun]) -> Iterator[Divergence]:
    """Yield open orders that no run leads. The list lags behind, so each is looked up."""
    settled = database_now() - reconcile.SETTLED_AFTER
    orders = reconcile.started_orders().filter(updated_at__lt=settled).values_list("order_id", "status")
    missing = {order_id: status for order_id, status in orders.iterator() if order_id not in open_runs}
    ids = list(missing)
    for start in range(0, len(ids), BATCH):
        for order_id, run in runs.describe_runs(ids[start : start + BATCH]).items():
            if isinstance(run, OrderError) or (run is not None and run.is_open) or _has_moved(order_id):
                continue
            kind = Kind.RUN_MISSING if run is None else Kind.RUN_CLOSED
            yield Divergence(kind, order_id, missing[order_id])


def _has_moved(order_id: str) -> bool:
    """Tell whether the order has come to its end since it was read."""
    return Order.objects.filter(order_id=order_id, status__in=FINAL).exists()


def _compare_runs(open_runs: Mapping[str, OpenRun]) -> Iterator[Divergence]:
    """Yield open runs that lead nothing, or stand still, and the ended ones of orders that are gone."""
    closed_ids = runs.list_closed_order_ids()
    known = dict(Order.objects.filter(order_id__in=open_runs.keys() | closed_ids).values_list("order_id", "status"))
    settled = database_now() - reconcile.STALE_AFTER
    closed = Order.objects.filter(order_id__in=open_runs.keys(), status__in=FINAL, updated_at__lt=settled)
    yield from (
        Divergence(Kind.RUN_LEFT_OVER, order_id, known[order_id])
        for order_id in closed.values_list("order_id", flat=True)
        if _is_open(temporal.describe_run(order_id))
    )
    for order_id, run in open_runs.items():
        if order_id not in known:
            yield Divergence(Kind.ORDER_MISSING, order_id)
        elif run.problem:
            yield Divergence(Kind.RUN_FAILING, order_id, known[order_id])
        elif run.is_paused:
            yield Divergence(Kind.RUN_PAUSED, order_id, known[order_id])
    yield from (
        Divergence(Kind.ENDED_ORDER_MISSING, order_id) for order_id in closed_ids - known.keys() - set(open_runs)
    )


def _is_open(run: Run | None) -> bool:
    return run is not None and run.is_open


def _look_for_overdue() -> Iterator[Divergence]:
    """Yield what should have been sent or answered long ago, by the tables alone."""
    now = database_now()
    stuck, overdue = now - STUCK_AFTER, now - OVERDUE_AFTER
    waiting = OutboxMessage.objects.filter(order__status__in=OPEN)
    unanswered = Decision.objects.filter(outcome=Outcome.PENDING, order__status__in=OPEN, taken_at__lt=stuck)
    unknown = Payment.objects.filter(status__in=UNKNOWN, updated_at__lt=overdue, order__status__in=OPEN)
    refunds = Refund.objects.filter(status=Refund.Status.PENDING, requested_at__lt=overdue)
    queries = {
        Kind.MESSAGE_STUCK: waiting.filter(status=OutboxMessage.Status.PENDING, created_at__lt=stuck),
        Kind.MESSAGE_REFUSED: waiting.filter(status=OutboxMessage.Status.REFUSED),
        # Its message has left the outbox; otherwise that is what is stuck.
        Kind.DECISION_UNANSWERED: unanswered.exclude(Q(order__outbox_messages__status=OutboxMessage.Status.PENDING)),
        Kind.PAYMENT_UNKNOWN: unknown.filter(attempts__isnull=False),
    }
    for kind, rows in queries.items():
        for order_id, status in rows.order_by().values_list("order__order_id", "order__status").distinct():
            yield Divergence(kind, order_id, status)
    for kind, found in ((Kind.REFUND_STUCK, refunds), (Kind.REFUND_REFUSED, refused_refunds())):
        for order_id, status in found.values_list("payment__order__order_id", "payment__order__status").distinct():
            yield Divergence(kind, order_id, status)
    events = GatewayEvent.objects.filter(handled_at__isnull=True, payment__isnull=False, received_at__lt=stuck)
    for order_id, status in events.values_list("payment__order__order_id", "payment__order__status").distinct():
        yield Divergence(Kind.EVENT_UNHANDLED, order_id, status)


def _compare_books() -> Iterator[Divergence]:
    for broken in check_invariants(OF_BOOKS):
        known = dict(Order.objects.filter(order_id__in=broken.ids).values_list("order_id", "status"))
        for order_id in broken.ids:
            yield Divergence(broken.code, order_id, known.get(order_id, ""))
