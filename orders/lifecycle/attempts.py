"""Records what happened to a workflow's activities: failures, successes, and runs that were stopped."""

from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from orders.events import EventKind, Fact
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order, lock_order, read_order
from orders.lifecycle.troubles import UNRESOLVED, UNRESOLVED_AFTER, clear_troubles, raise_trouble
from orders.models import Order, Refund

# The step of refunds that people ask for, which goes on when the order has come to its end.
GIVE_BACK: Final = "give_back_refund"


@transaction.atomic
def record_failed_attempt(
    order_id: str, activity: str, attempt: int, error: str, *, run_id: str = "", refund_key: str = ""
) -> bool:
    """Record a failed attempt once for each run, activity and attempt; tell whether it is new.

    Without a `run_id` it is the order's own run. A shipment and a refund have runs of their own; `refund_key` tells
    which of the order's refunds was tried.
    """
    order = lock_order(order_id)
    key = key_of_failure(order, activity, attempt, run_id)
    facts: dict[str, Fact] = {"activity": activity, "attempt": attempt, "error": error}
    return add_event(order, EventKind.STEP_FAILED, facts | ({"refund_key": refund_key} if refund_key else {}), key=key)


def is_failure_recorded(order_id: str, activity: str, attempt: int, *, run_id: str) -> bool:
    """Tell whether the attempt is recorded as a failed one. Raises OrderNotFound."""
    order = read_order(order_id)
    return order.events.filter(key=key_of_failure(order, activity, attempt, run_id)).exists()


def key_of_failure(order: Order, activity: str, attempt: int, run_id: str = "") -> str:
    """Return the key of the event that says that an attempt failed; without a `run_id` it is the order's own run."""
    return f"attempt:{run_id or order.run_id}:{activity}:{attempt}"


@transaction.atomic
def record_unresolved(order_id: str, activity: str, error: str) -> None:
    """Record that an external service is not answering, so that people are told and can decide."""
    if activity == GIVE_BACK:
        _record_unresolved_refunds(lock_order(order_id), error)
        return
    order = lock_open_order(order_id)
    if activity in UNRESOLVED:
        raise_trouble(order, UNRESOLVED[activity], error)


def _record_unresolved_refunds(order: Order, error: str) -> None:
    """Record it once for each refund. No trouble lasts on a final order, whose refunds may go on."""
    waiting = Refund.objects.filter(
        payment__order=order, status=Refund.Status.PENDING, requested_at__lte=Now() - UNRESOLVED_AFTER
    )
    for refund in waiting:
        facts: dict[str, Fact] = {"amount": refund.amount, "currency": refund.currency, "error": error}
        add_event(order, EventKind.REFUND_UNRESOLVED, facts, key=f"unresolved:{refund.key}")


@transaction.atomic
def record_success(order_id: str, activity: str) -> None:
    """Record that an activity succeeded after failures, and clear the order's trouble with it."""
    if activity in UNRESOLVED:
        clear_troubles(lock_order(order_id), [UNRESOLVED[activity]])


@transaction.atomic
def record_refused_run(order_id: str, run_id: str, activity: str = "") -> None:
    """Record in a final order's history that an extra run was stopped, once for each run."""
    order = lock_order(order_id)
    add_event(order, EventKind.RUN_REFUSED, {"run_id": run_id, "activity": activity}, key=f"refused:{run_id}")
