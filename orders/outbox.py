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
from orders.history import lock_order
from orders.models import Decision, Order, OutboxMessage
from orders.states import FINAL, OPEN, Outcome

logger = logging.getLogger(__name__)

START: Final = "start"
LONGEST_BACKOFF_SECONDS: Final = 60
BATCH: Final = 100
# A healthy workflow answers a decision within a second.
ANSWER_SECONDS: Final = 5
LONGEST_PATIENCE_SECONDS: Final = 600


def enqueue(order: Order, *, key: str, name: str, payload: dict[str, Any]) -> OutboxMessage:
    """Write a message in the transaction that is under way, to be sent after it."""
    message = OutboxMessage.objects.create(order=order, key=key, name=name, payload=payload)
    transaction.on_commit(partial(_deliver_after_commit, message.pk))
    return message


def deliver_pending(limit: int = BATCH) -> int:
    """Send messages that are due, and return how many got there. Raises TemporalAway when the server is away."""
    due = _sendable().filter(next_attempt_at__lte=timezone.now()).values_list("pk", flat=True)[:limit]
    return sum(_deliver(pk) for pk in list(due))


def send_unanswered_again() -> int:
    """Have decisions sent again that were delivered and not answered, and return how many.

    Temporal may lose what it took in its last moments before a crash. A decision that arrives twice counts once.
    """
    now = timezone.now()
    unanswered = Decision.objects.filter(
        outcome=Outcome.PENDING, order__status__in=OPEN, taken_at__lt=now - timedelta(seconds=ANSWER_SECONDS)
    )
    keys = [decision_key(decision_id) for decision_id in unanswered.values_list("decision_id", flat=True)]
    silent = OutboxMessage.objects.filter(key__in=keys, status=OutboxMessage.Status.DELIVERED)
    due = [message.pk for message in silent if (message.delivered_at or now) + _patience_after(message.attempts) < now]
    return OutboxMessage.objects.filter(pk__in=due, status=OutboxMessage.Status.DELIVERED).update(
        status=OutboxMessage.Status.PENDING, next_attempt_at=now
    )


def send_again(order: Order) -> bool:
    """Have the decision that the order's row holds sent again, and tell whether there is one.

    For a run that does not know it any more, as after a restore of Temporal's data from an older copy.
    """
    message = OutboxMessage.objects.filter(order=order, key=decision_key(order.decision_id))
    return bool(message.update(status=OutboxMessage.Status.PENDING, next_attempt_at=timezone.now()))


def decision_key(decision_id: str) -> str:
    """Return the key of the message that carries this decision."""
    return f"decision:{decision_id}"


def _patience_after(attempts: int) -> timedelta:
    """Return how long an answer is waited for after so many attempts to send."""
    return timedelta(seconds=min(ANSWER_SECONDS * 2 ** min(max(attempts - 1, 0), 10), LONGEST_PATIENCE_SECONDS))


def run_relay(stop: threading.Event, *, interval_seconds: float = 1.0) -> None:
    """Send what is left until `stop` is set; see `companions` for what it outlives."""
    run_companion("relay", _relay, stop, interval_seconds=interval_seconds)


def _relay() -> bool:
    """Make one round, and tell whether more is waiting."""
    send_unanswered_again()
    return deliver_pending() >= BATCH


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
    """Keep a message for later, unless its order has come to its end."""
    order = lock_order(message.order.order_id)
    message.last_error = str(failure)
    if isinstance(failure, RunNotFound) and order.status in FINAL:
        # What became of the decision was written when the order came to its end; the message has nothing to add.
        is_late = order.decisions.filter(decision_id=message.payload.get("decision_id"), outcome=Outcome.TOO_LATE)
        message.status = OutboxMessage.Status.UNDELIVERABLE if is_late.exists() else OutboxMessage.Status.DELIVERED
    elif not isinstance(failure, TemporalAway):
        backoff = min(2 ** min(message.attempts, 10), LONGEST_BACKOFF_SECONDS)
        message.next_attempt_at = timezone.now() + timedelta(seconds=backoff)
        logger.warning("outbox: message %s of %s failed: %s", message.name, order.order_id, failure)
    message.save()
