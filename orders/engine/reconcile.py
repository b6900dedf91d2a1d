"""Compares open orders with open runs, both ways, and repairs differences.

- An open order without an open run gets a new one (see `repair`), however its run came to an end.
- An open run whose order is final is ended. One whose order nobody knows is reported: this may be the wrong database.
- An open order that should have moved is compared with what its run says of itself: a decision that the run does not
  know is sent again, a row that is behind is brought to where the run stands.
- A run that cannot go on, because its workflow task keeps failing or somebody paused it, is told to people.

Temporal's list lags some seconds behind, so that whatever it says is looked up before anything is done. No order is
passed over, however many there are: all are compared in each round.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from orders import contracts
from orders.engine import companions, outbox, runs, temporal
from orders.engine.repair import plan_repair
from orders.engine.runs import OpenRun
from orders.engine.temporal import Run
from orders.errors import OrderError, TemporalAway
from orders.intake import receipt
from orders.lifecycle import attempts
from orders.lifecycle.lookup import lock_order
from orders.lifecycle.troubles import clear_troubles, raise_trouble
from orders.models import Decision, Order, OutboxMessage, Trouble
from orders.postgres.clock import database_now
from orders.postgres.leases import HeldLease, hold_lease
from orders.states import FINAL, IN_MOTION, OPEN, Outcome, Status, TroubleCode

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Temporal's list may not know yet what changed a moment ago.
SETTLED_AFTER: Final = timedelta(seconds=5)
# An order in motion that has not changed for this long is compared with its run.
STALE_AFTER: Final = timedelta(minutes=2)
STALE_BATCH: Final = 50
# So many orders are repaired between two signs of life.
BATCH: Final = 50
# One process at a time reconciles. Should it die or hang, another one takes over after this many seconds.
LEASE_SECONDS: Final = 60.0
LEASE: Final = "reconcile"
# A workflow task that has failed so often in a row will not recover on its own.
FAILING_TASKS: Final = 3
RUN_TROUBLES: Final = (TroubleCode.RUN_FAILING, TroubleCode.RUN_PAUSED, TroubleCode.RUN_LOST)
# A run that has stayed open for so long is not one more that ends before its order.
STAYS_AFTER: Final = timedelta(minutes=5)
NON_DETERMINISTIC: Final = "WorkflowTaskFailedCauseNonDeterministicError"
NO_ATTRIBUTES: Final = "WorkflowTaskFailedCauseBadSearchAttributes"


@dataclass
class Walk:
    """State between rounds: how far the comparison of stale orders got, and what was reported already."""

    last_pk: int = 0
    orphans: frozenset[str] = frozenset()


def reconcile_orders(walk: Walk | None = None, lease: HeldLease | None = None) -> int:
    """Compare all orders and runs once, and return how many orders were repaired.

    One that cannot be repaired now is logged, keeps no other from it and has its turn again. The `lease` is renewed
    all the while. Raises TemporalAway, LeaseLost.
    """
    walk = walk or Walk()

    def show_life() -> None:
        companions.beat()
        if lease is not None:
            lease.renew()

    open_runs = runs.list_open_runs()
    settled = database_now() - SETTLED_AFTER
    expected = dict(started_orders().values_list("order_id", "updated_at").iterator(chunk_size=2000))
    missing = [
        order_id for order_id, updated_at in expected.items() if order_id not in open_runs and updated_at < settled
    ]
    repaired = 0
    for batch in _batches(missing, BATCH):
        repaired += _repair(batch, show_life)
    left_over = [order_id for order_id in open_runs if order_id not in expected]
    for batch in _batches(left_over, 1000):
        show_life()
        _look_at_left_over(batch, open_runs, walk)
    repaired += _compare_stale(walk, open_runs, show_life)
    _tell_of_runs_that_stand_still(open_runs)
    return repaired


def run_reconciler(stop: threading.Event, *, interval_seconds: float = 15.0) -> None:
    """Compare repeatedly until `stop` is set, in one process at a time; `companions` says what it survives."""
    walk = Walk()

    def reconcile_alone() -> None:
        with hold_lease(LEASE, seconds=LEASE_SECONDS) as lease:
            if lease is not None:
                reconcile_orders(walk, lease)

    companions.run_companion("reconciler", reconcile_alone, stop, interval_seconds=interval_seconds)


def _raise_if_away(failure: OrderError) -> None:
    """Raise TemporalAway when the server itself is away, not just one order's workflow."""
    if isinstance(failure, TemporalAway):
        temporal.check_server()


def _batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def started_orders() -> "QuerySet[Order]":
    """Return open orders whose start message has left the outbox."""
    start = OutboxMessage.objects.filter(order=OuterRef("pk"), name="start", status=OutboxMessage.Status.PENDING)
    return Order.objects.filter(~Exists(start), status__in=OPEN)


def _repair(order_ids: Sequence[str], show_life: Callable[[], None]) -> int:
    """Start new runs for the orders of these that have no open one, and return for how many.

    Raises TemporalAway, LeaseLost.
    """
    starts = []
    for order_id, run in runs.describe_runs(order_ids).items():
        show_life()
        if isinstance(run, OrderError):
            _raise_if_away(run)
            logger.warning("%s: the run cannot be looked up: %s", order_id, run)
        elif run is None or not run.is_open:
            new = _try_to_plan(order_id, run)
            starts += [new] if new is not None else []
    failures = runs.start_orders(starts)
    for order_id, failure in failures.items():
        logger.warning("%s: could not be restarted, retrying later: %s", order_id, failure)
    return len(starts) - len(failures)


def _try_to_plan(order_id: str, run: Run | None) -> contracts.OrderInput | None:
    try:
        return plan_repair(order_id, run)
    except OrderError as error:
        _raise_if_away(error)
        logger.warning("%s: cannot be repaired now: %s", order_id, error)
        return None


def _look_at_left_over(order_ids: Sequence[str], open_runs: Mapping[str, OpenRun], walk: Walk) -> None:
    """Terminate open runs of final orders, and report those without an order."""
    known = dict(Order.objects.filter(order_id__in=order_ids).values_list("order_id", "status"))
    settled = database_now() - STALE_AFTER
    closed = Order.objects.filter(order_id__in=order_ids, status__in=FINAL, updated_at__lt=settled)
    for order_id in closed.values_list("order_id", flat=True):
        run_id = open_runs[order_id].run_id
        try:
            runs.terminate_run(order_id, run_id, f"The order is {known[order_id].lower()}.")
            attempts.record_refused_run(order_id, run_id)
        except OrderError as error:
            _raise_if_away(error)
            logger.warning("%s: the extra run could not be terminated: %s", order_id, error)
    orphans = frozenset(order_ids) - known.keys()
    if orphans:
        companions.report("runs_without_order", count=len(orphans), order_ids=sorted(orphans)[:10])
    if news := orphans - walk.orphans:
        names = ", ".join(sorted(news)[:10])
        logger.error("%d open runs have no order in this database, such as %s", len(news), names)
    walk.orphans |= orphans


def _stale() -> "QuerySet[Order]":
    """Return open orders that should have moved by now, or whose decision has no answer.

    Each kind has an index of its own, so that orders which merely wait are not read.
    """
    limit = Now() - STALE_AFTER
    waiting = Order.objects.filter(status=Status.PENDING_MANUAL_APPROVAL)
    pending = Decision.objects.filter(outcome=Outcome.PENDING, taken_at__lt=limit)
    stale = Order.objects.filter(status__in=IN_MOTION, updated_at__lt=limit).values("pk")
    overdue = waiting.filter(approval_deadline__lt=limit).values("pk")
    unanswered = pending.filter(order__status=Status.PENDING_MANUAL_APPROVAL).values("order_id")
    return started_orders().filter(pk__in=stale.union(overdue, unanswered, all=True))


def _compare_stale(walk: Walk, open_runs: Mapping[str, OpenRun], show_life: Callable[[], None]) -> int:
    """Compare the next stale orders with their runs; return how many were repaired."""
    stale = list(_stale().filter(pk__gt=walk.last_pk).order_by("pk")[:STALE_BATCH])
    walk.last_pk = stale[-1].pk if len(stale) == STALE_BATCH else 0
    count = 0
    for order in stale:
        show_life()
        if order.order_id not in open_runs or open_runs[order.order_id].is_paused:
            continue
        try:
            count += _compare(order)
        except OrderError as error:
            _raise_if_away(error)
            logger.warning("%s: cannot be compared with its run: %s", order.order_id, error)
    return count


def _compare(order: Order) -> bool:
    """Bring a row and its open run into agreement; tell whether that was needed.

    A run that is ahead of its row fails at its next step, and is then followed by another. Raises OrderError.
    """
    run = temporal.describe_run(order.order_id)
    if run is None or not run.is_open or run.is_paused:
        return False
    if run.failed_tasks >= FAILING_TASKS:
        _raise_run_trouble(order.order_id, TroubleCode.RUN_FAILING, f"It has failed {run.failed_tasks} times in a row.")
        return False
    answer = temporal.query_status(order.order_id)
    if answer.waiting_for != contracts.WaitingFor.APPROVAL:
        return False
    order.refresh_from_db()  # it was read with many others, some time before its turn
    if order.decision or order.is_partly_approved:
        logger.warning("%s: the run is missing a decision; sending it again", order)
        return outbox.send_again(order)
    if order.status in {Status.CREATED, Status.VALIDATED} and answer.deadline:
        logger.warning("%s: the row is behind its run, which is waiting for a decision", order)
        receipt.validate_order(contracts.ValidateOrder(order.order_id, answer.deadline))
        return True
    return False


def _tell_of_runs_that_stand_still(open_runs: Mapping[str, OpenRun]) -> None:
    """Raise and clear the troubles of runs that are paused, or whose workflow task keeps failing."""
    failing = {order_id: run.problem for order_id, run in open_runs.items() if run.problem}
    paused = [order_id for order_id, run in open_runs.items() if run.is_paused]
    for order_id, problem in failing.items():
        _raise_run_trouble(order_id, TroubleCode.RUN_FAILING, _explain(problem))
    for order_id in paused:
        _raise_run_trouble(
            order_id, TroubleCode.RUN_PAUSED, gettext_noop("It continues when someone resumes it there.")
        )
    if failing:
        companions.report("runs_failing", count=len(failing), order_ids=sorted(failing)[:10])
    if paused:
        companions.report("runs_paused", count=len(paused), order_ids=sorted(paused)[:10])
    told = Trouble.objects.filter(code__in=RUN_TROUBLES).select_related("order")
    for trouble in told:
        order_id = trouble.order.order_id
        if _lasts(trouble, open_runs.get(order_id)):
            continue
        with transaction.atomic():
            clear_troubles(lock_order(order_id), [TroubleCode(trouble.code)])
        logger.info("%s: the run is moving again", order_id)


def _lasts(trouble: Trouble, run: OpenRun | None) -> bool:
    """Tell whether the trouble of a run is still there, by what the list says of it."""
    if trouble.code == TroubleCode.RUN_LOST:
        return run is None or database_now() - trouble.since < STAYS_AFTER
    if trouble.code == TroubleCode.RUN_PAUSED:
        return run is not None and run.is_paused
    if run is not None and run.problem:
        return True
    # Not every server names failing runs in the list.
    try:
        described = temporal.describe_run(trouble.order.order_id)
    except OrderError as error:
        _raise_if_away(error)
        return True
    return described is not None and described.failed_tasks >= FAILING_TASKS


def _raise_run_trouble(order_id: str, code: TroubleCode, detail: str) -> None:
    with transaction.atomic():
        order = lock_order(order_id) if Order.objects.filter(order_id=order_id, status__in=OPEN).exists() else None
        is_new = order is not None and raise_trouble(order, code, detail)
    if is_new:
        logger.error("%s: %s: %s", order_id, code, detail)


def _explain(problem: str) -> str:
    """Say why a workflow task keeps failing, by the server's code for it."""
    if problem == NON_DETERMINISTIC:
        return gettext_noop(
            "The workers' code no longer matches the run's history. Deploy the code that the run started with."
        )
    if problem == NO_ATTRIBUTES:
        return gettext_noop(
            "Temporal no longer has the search attributes of orders. The run continues once they are created again."
        )
    return f"The workers' code fails on it ({problem}). See the workers' log; the run continues once the code is fixed."
