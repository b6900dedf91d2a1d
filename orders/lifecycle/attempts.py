"""Writes down what happened to the steps of a workflow: failures, successes, and runs that were stopped."""

from django.db import transaction

from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order, lock_order
from orders.lifecycle.troubles import UNRESOLVED, clear_troubles, raise_trouble


@transaction.atomic
def record_failed_attempt(order_id: str, activity: str, attempt: int, error: str) -> bool:
    """Write down that an attempt of an activity failed, once for each run, activity and attempt; tell whether new."""
    order = lock_order(order_id)
    key = f"attempt:{order.run_id}:{activity}:{attempt}"
    return add_event(order, EventKind.STEP_FAILED, {"activity": activity, "attempt": attempt, "error": error}, key=key)


@transaction.atomic
def record_unresolved(order_id: str, activity: str, error: str) -> None:
    """Write down that the outside world leaves a step without an answer, so that people are told and may decide."""
    order = lock_open_order(order_id)
    if activity in UNRESOLVED:
        raise_trouble(order, UNRESOLVED[activity], error)


@transaction.atomic
def record_success(order_id: str, activity: str) -> None:
    """Write down that a step that had failed before is done, so that the order is no longer in trouble for it."""
    if activity in UNRESOLVED:
        clear_troubles(lock_order(order_id), [UNRESOLVED[activity]])


@transaction.atomic
def record_refused_run(order_id: str, run_id: str, activity: str = "") -> None:
    """Write into a final order's history that another run of it was stopped, once for each run."""
    order = lock_order(order_id)
    add_event(order, EventKind.RUN_REFUSED, {"run_id": run_id, "activity": activity}, key=f"refused:{run_id}")
