"""Finds orders whose run was closed from outside, or lost, and mends them; no order stays open for ever.

A run that was terminated, timed out, failed or was cancelled in Temporal is followed by a new one that gives the money
back and cancels the order (or, when the parcel is out, completes it). A run that Temporal knows nothing of any more,
as after the loss of its database, is followed by one that goes on where the tables say the order stands.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from orders import contracts, temporal
from orders.clock import database_now
from orders.companions import run_companion
from orders.errors import OrderError, TemporalAway
from orders.history import add_event, lock_order
from orders.leases import HeldLease, hold_lease
from orders.models import Order, OutboxMessage
from orders.states import IN_MOTION, OPEN, Status

logger = logging.getLogger(__name__)

LOOK_BACK: Final = timedelta(days=1)
# An order in motion that has not changed for this long is worth a look; so is one that waits beyond its deadline.
STALE_AFTER: Final = timedelta(minutes=2)
STALE_BATCH: Final = 50
# One process at a time reconciles. Should it die or hang, another one takes over after this many seconds.
LEASE_SECONDS: Final = 30.0


@dataclass
class _Round:
    """Where the slow walk through stale orders stands, so that each has its turn."""

    last_pk: int = 0


def mend_orders(walk: _Round | None = None, lease: HeldLease | None = None) -> int:
    """Look once, and return how many orders were mended; one that cannot be does not keep the others from it.

    Before each order the `lease` is renewed. Raises TemporalAway, LeaseLost.
    """
    walk = walk or _Round()
    ids = temporal.list_closed_from_outside(database_now() - LOOK_BACK)
    suspects = {order.pk: order for order in _started().filter(order_id__in=ids)}
    stale = list(_stale().filter(pk__gt=walk.last_pk).order_by("pk")[:STALE_BATCH])
    walk.last_pk = stale[-1].pk if len(stale) == STALE_BATCH else 0
    suspects |= {order.pk: order for order in stale}
    mended = 0
    for order in suspects.values():
        if lease is not None:
            lease.renew()
        mended += _try_to_mend(order)
    return mended


def run_mending(stop: threading.Event, *, interval_seconds: float = 15.0) -> None:
    """Look again and again until `stop` is set, in one process at a time; see `companions` for what it outlives."""
    walk = _Round()

    def mend_alone() -> None:
        with hold_lease("reconcile", seconds=LEASE_SECONDS) as lease:
            if lease is not None:
                mend_orders(walk, lease)

    run_companion("mending", mend_alone, stop, interval_seconds=interval_seconds)


def _started() -> "QuerySet[Order]":
    """Return open orders whose start is not still in the outbox."""
    start = OutboxMessage.objects.filter(order=OuterRef("pk"), name="start", status=OutboxMessage.Status.PENDING)
    return Order.objects.filter(~Exists(start), status__in=OPEN)


def _stale() -> "QuerySet[Order]":
    """Return open orders that should have moved by now, or whose decision finds no run to go to."""
    limit = database_now() - STALE_AFTER
    in_motion = Q(status__in=IN_MOTION, updated_at__lt=limit)
    waiting = Q(status=Status.PENDING_MANUAL_APPROVAL)
    refused = OutboxMessage.objects.filter(order=OuterRef("pk"), status=OutboxMessage.Status.PENDING, attempts__gt=1)
    return _started().filter(in_motion | waiting & (Q(approval_deadline__lt=limit) | Exists(refused)))


def _try_to_mend(order: Order) -> bool:
    """Mend the order if it needs it; what Temporal refuses is logged and tried again in the next round."""
    try:
        return _mend(order)
    except TemporalAway:
        raise
    except OrderError as error:
        logger.warning("mending %s: %s", order.order_id, error)
        return False


def _mend(order: Order) -> bool:
    """Start a new run for an order whose latest one was closed from outside or is lost; tell whether it was needed."""
    run = temporal.describe_run(order.order_id)
    if run is not None and not run.ending:
        return False
    is_lost, ending = run is None, run.ending if run else "is unknown to Temporal"
    with transaction.atomic():
        order = lock_order(order.order_id)
        if not order.is_open:
            return False
        goes_on = order.status == Status.DISPATCHED or (is_lost and not _is_to_be_cancelled(order))
        sentence = f"The order's run {ending}"
        title = f"{sentence}, the order {'goes on' if goes_on else 'is being cancelled'} in a new one"
        add_event(order, key=f"mended:{run.run_id if run else order.run_id}", title=title)
    logger.warning("mending %s: %s", order.order_id, title)
    temporal.start_order(_going_on(order) if goes_on else _cleaning_up(order, f"{sentence}."), is_restart=True)
    return True


def _is_to_be_cancelled(order: Order) -> bool:
    return order.is_cancel_requested or order.status == Status.CANCELLING


def _going_on(order: Order) -> contracts.OrderInput:
    """Describe the order as it stands, for a run that passes over what was done."""
    decision = contracts.Decision(order.decision_id, order.decided_by) if order.is_approved else None
    deadline = order.approval_deadline.isoformat() if order.approval_deadline else ""
    return contracts.OrderInput(
        order.order_id, order.payment_id, settings.ORDER_APPROVAL_TIMEOUT, deadline=deadline, decision=decision
    )


def _cleaning_up(order: Order, sentence: str) -> contracts.OrderInput:
    """Describe a run that gives the money back and cancels the order, for the person's reason if there is one."""
    asked = order.events.filter(key=f"decision:{order.decision_id}").first() if order.is_cancel_requested else None
    reason = asked.detail if asked and asked.detail else sentence
    return contracts.OrderInput(order.order_id, order.payment_id, compensate_for=reason)
