"""Messages to Temporal, written with the row that they belong to and sent after it: nothing is promised and lost.

The only module that writes the outbox. The request that wrote a message tries once to send it; what is left is sent by
the relay in the workers. Messages of one order go in their order, each at least once; the workflow id makes a start
count once and the decision_id a decision.
"""

import logging
import threading
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from orders import contracts, temporal
from orders.companions import run_companion
from orders.errors import OrderError, RunNotFound, TemporalAway
from orders.history import add_event, lock_order
from orders.models import Order, OutboxMessage
from orders.states import FINAL

logger = logging.getLogger(__name__)

START: Final = "start"
LONGEST_BACKOFF_SECONDS: Final = 60
BATCH: Final = 100


def enqueue(order: Order, *, key: str, name: str, payload: dict[str, Any]) -> OutboxMessage:
    """Write a message in the transaction that is under way, to be sent after it."""
    message = OutboxMessage.objects.create(order=order, key=key, name=name, payload=payload)
    transaction.on_commit(partial(_deliver_after_commit, message.pk))
    return message


def deliver_pending(limit: int = BATCH) -> int:
    """Send messages that are due, and return how many got there. Raises TemporalAway when the server is away."""
    due = _sendable().filter(next_attempt_at__lte=timezone.now()).values_list("pk", flat=True)[:limit]
    return sum(_deliver(pk) for pk in list(due))


def run_relay(stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
    """Send what is left until `stop` is set; see `companions` for what it outlives."""
    run_companion("relay", lambda: deliver_pending() >= BATCH, stop, interval_seconds=interval_seconds)


def _sendable() -> "QuerySet[OutboxMessage]":
    """Return the pending messages that no earlier message of the same order stands before."""
    earlier = OutboxMessage.objects.filter(
        order=OuterRef("order"), status=OutboxMessage.Status.PENDING, pk__lt=OuterRef("pk")
    )
    return OutboxMessage.objects.filter(~Exists(earlier), status=OutboxMessage.Status.PENDING)


def _deliver_after_commit(message_pk: int) -> None:
    """Try once, right after the transaction; the relay goes on with what is left.

    What was written counts, so nothing that goes wrong from here on may look like a failure of the request.
    """
    try:
        _deliver(message_pk)
    except (TemporalAway, DatabaseError, InterfaceError) as error:
        logger.info("outbox: message %s is left to the relay: %s", message_pk, error)
    except Exception:
        logger.exception("outbox: message %s is left to the relay after an unforeseen failure", message_pk)


def _deliver(message_pk: int) -> bool:
    """Send one message unless somebody else does, and tell whether it got there.

    The row's lock is held meanwhile, so that one process sends it; a process that dies lets go of it.
    """
    with transaction.atomic():
        message = _sendable().select_for_update(skip_locked=True, of=("self",)).filter(pk=message_pk).first()
        if message is None:
            return False
        message.attempts += 1
        try:
            _send(message)
        except OrderError as error:
            failure = error
        else:
            message.status, message.delivered_at, message.last_error = (
                OutboxMessage.Status.DELIVERED,
                timezone.now(),
                "",
            )
            message.save()
            return True
        _put_back(message, failure)
    if isinstance(failure, TemporalAway):
        raise failure
    return False


def _send(message: OutboxMessage) -> None:
    contract = contracts.OrderInput if message.name == START else contracts.Decision
    try:
        content = contract(**message.payload)
    except TypeError as error:  # of another release; it waits for one that understands it
        raise OrderError(f"The message cannot be read: {error}") from error
    if isinstance(content, contracts.OrderInput):
        temporal.start_order(content)
    else:
        temporal.signal_decision(message.order.order_id, message.name, content)


def _put_back(message: OutboxMessage, failure: OrderError) -> None:
    """Keep a message for later, unless its order has come to an end: then it came too late, and the history says so."""
    order = lock_order(message.order.order_id)
    message.last_error = str(failure)
    if isinstance(failure, RunNotFound) and order.status in FINAL:
        message.status = OutboxMessage.Status.UNDELIVERABLE
        add_event(
            order,
            key=f"too-late:{message.key}",
            title="A decision came too late",
            detail=f"{message.name} had no effect, for the order was {order.get_status_display().lower()} already.",
        )
    elif not isinstance(failure, TemporalAway):
        backoff = min(2 ** min(message.attempts, 10), LONGEST_BACKOFF_SECONDS)
        message.next_attempt_at = timezone.now() + timedelta(seconds=backoff)
        logger.warning("outbox: message %s of %s failed: %s", message.name, order.order_id, failure)
    message.save()
