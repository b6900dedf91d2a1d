"""The transactional outbox: messages to Temporal, written with their row and sent after the commit, so none is lost.

The only module that writes the outbox. The request that wrote a message tries to send it, undisturbed for a second;
what is left is sent by the relay in the workers. Messages of one order go in their order, each at least once; the
workflow id makes a start count once and the decision_id a decision.

A message that Temporal does not take now waits a little longer each time and holds up nobody else's; one that Temporal
refuses as it is, is set aside and reported. Only when the server itself does not answer, all wait for it.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Value
from django.db.models.functions import Concat, Now

from orders import contracts
from orders.engine import sending, temporal
from orders.engine.companions import beat
from orders.errors import CallFailed, CallRefused, OrderError, RunNotFound, TemporalAway
from orders.lifecycle.lookup import lock_order
from orders.models import Decision, Order, OutboxMessage
from orders.postgres.clock import database_now
from orders.postgres.parts import Later, Part, execute, insert
from orders.states import FINAL, OPEN, Outcome

logger = logging.getLogger(__name__)

START: Final = sending.START
DECISION_KEY: Final = "decision:"
BATCH: Final = 100
# A healthy workflow answers a decision within a second.
ANSWER_SECONDS: Final = 5
LONGEST_PATIENCE_SECONDS: Final = 600
# Messages that take long to fail must not keep new ones waiting: after this time the relay looks for those first.
ROUND_SECONDS: Final = 3.0
# For how long a message is left to the request that wrote it, which takes a few hundredths of that to send it. Where it
# takes longer the message may be sent twice, which counts once; where it died, the relay has looked for it no sooner.
KEPT_FOR: Final = timedelta(seconds=1)
# Whether an order has messages on their way, as an expression of SQL.
HAS_MESSAGES: Final = (
    "EXISTS (SELECT FROM orders_outboxmessage AS message"
    " WHERE message.order_id = orders_order.id AND message.status = 'PENDING')"
)
# What is read of a message to send it, and of its order.
CLAIMED: Final = (*(field.name for field in OutboxMessage._meta.concrete_fields), "order__order_id", "order__status")


class _Outcome(Enum):
    """What became of a try to send a message."""

    SENT = auto()
    LEFT = auto()  # to whoever sends it just now
    SET_BACK = auto()  # for a reason of its own
    FAILED = auto()  # because of Temporal, for this message or for all
    AWAY = auto()  # because Temporal could not be reached


def enqueue(order: Order, *, key: str, name: str, payload: dict[str, Any], sends_now: bool = True) -> OutboxMessage:
    """Write a message in the transaction that is under way, to be sent right after it, or by the relay."""
    message, written = prepare(order, key=key, name=name, payload=payload, sends_now=sends_now)
    execute(written)
    return message


def prepare(
    order: Order, *, key: str, name: str, payload: dict[str, Any], sends_now: bool = True, is_alone: bool = False
) -> tuple[OutboxMessage, Part]:
    """Return what `enqueue` does, and what writes it, to be carried out in the transaction that is under way.

    `is_alone` says that the order, which is locked or new, has no other message on its way. This one then is not due
    for a moment, which keeps the relay from it while it is sent, and costs no lock and no transaction.
    """
    message = OutboxMessage(order=order, key=key, name=name, payload=payload)
    is_kept = sends_now and is_alone
    if is_kept:
        message.next_attempt_at = Later(KEPT_FOR)  # type: ignore[assignment]
    if sends_now:
        transaction.on_commit(lambda: _deliver_after_commit(message, is_kept=is_kept))
    return message, insert(message)


def deliver_pending(limit: int = BATCH) -> int:
    """Send messages that are due, those that failed least first, and return how many got there.

    Raises TemporalAway when the server itself does not answer.
    """
    due = _sendable().filter(next_attempt_at__lte=Now()).order_by("attempts", "pk").only("attempts", "last_error")
    end, sent, has_failed = time.monotonic() + ROUND_SECONDS, 0, False
    for pks in sending.group_messages(due[:limit]):
        outcomes = _deliver_together(pks) if len(pks) > 1 else [_deliver_or_set_back(*pks)]
        has_failed |= not {_Outcome.AWAY, _Outcome.FAILED}.isdisjoint(outcomes)
        sent += outcomes.count(_Outcome.SENT)
        if has_failed and time.monotonic() > end:
            break
    if has_failed and not sent:
        temporal.check_server()
    return sent


def _deliver_together(pks: list[int]) -> list[_Outcome]:
    """Send messages at the same time, and those that did not reach Temporal once more, one after the other.

    Of one order there is never more than one among them, so the messages of an order keep their order.
    Raises TemporalAway when the server itself does not answer.
    """
    with transaction.atomic():
        messages = _claim(*pks)
        with ThreadPoolExecutor(max_workers=sending.IN_FLIGHT, thread_name_prefix="relay") as threads:
            failures = list(threads.map(sending.try_to_send, messages))
        beat()
        sent = [message.pk for message, failure in zip(messages, failures, strict=True) if failure is None]
        _note_sent(sent)
        outcomes = {
            message.pk: _put_back(message, failure) if failure else _Outcome.SENT
            for message, failure in zip(messages, failures, strict=True)
        }
    if away := [pk for pk, outcome in outcomes.items() if outcome is _Outcome.AWAY]:
        temporal.check_server()
        outcomes |= {pk: _deliver_or_set_back(pk) for pk in away}
    return list(outcomes.values())


def _deliver_or_set_back(message_pk: int) -> _Outcome:
    """Send a message on its own. Raises TemporalAway when the server does not answer, whatever it is asked."""
    outcome = _deliver(message_pk)
    beat()
    if outcome is _Outcome.AWAY:
        temporal.check_server()
        _set_back(message_pk)  # the server is there, so it is this message that it does not answer
    return outcome


def send_unanswered_again() -> int:
    """Have decisions sent again that were delivered and not answered, and return how many.

    Temporal may lose what it took in its last moments before a crash. A decision that arrives twice counts once.
    """
    unanswered = Decision.objects.filter(
        outcome=Outcome.PENDING, order__status__in=OPEN, taken_at__lt=Now() - timedelta(seconds=ANSWER_SECONDS)
    )
    keys = unanswered.annotate(message_key=Concat(Value(DECISION_KEY), "decision_id")).values("message_key")
    silent = OutboxMessage.objects.filter(key__in=keys, status=OutboxMessage.Status.DELIVERED)
    now = database_now()
    due = [message.pk for message in silent if (message.delivered_at or now) + _patience_after(message.attempts) < now]
    return OutboxMessage.objects.filter(pk__in=due, status=OutboxMessage.Status.DELIVERED).update(
        status=OutboxMessage.Status.PENDING, next_attempt_at=Now()
    )


def send_started_again(keys: QuerySet[Any], *, after: timedelta) -> int:
    """Have the messages with these keys sent again that were delivered so long ago, and return how many."""
    started = OutboxMessage.objects.filter(key__in=keys, status=OutboxMessage.Status.DELIVERED)
    return started.filter(delivered_at__lt=Now() - after).update(
        status=OutboxMessage.Status.PENDING, next_attempt_at=Now()
    )


def send_again(order: Order) -> bool:
    """Send the decision on the order's row again, or the first of two approvals, and tell whether there is one.

    For a run that does not know it any more, as after a restore of Temporal's data from an older copy.
    """
    unanswered = order.decisions.filter(kind="approve", outcome=Outcome.PENDING).order_by("id")
    decision = order.decisions.filter(decision_id=order.decision_id).first() or unanswered.first()
    if decision is None:
        return False
    message, _ = OutboxMessage.objects.get_or_create(
        key=decision_key(decision.decision_id),
        defaults={
            "order": order,
            "name": contracts.SIGNALS[decision.kind],
            "payload": asdict(contracts.Decision(decision.decision_id, decision.actor, decision.reason)),
        },
    )
    OutboxMessage.objects.filter(pk=message.pk).update(status=OutboxMessage.Status.PENDING, next_attempt_at=Now())
    return True


def decision_key(decision_id: str) -> str:
    """Return the key of the message that carries this decision."""
    return f"{DECISION_KEY}{decision_id}"


def _patience_after(attempts: int) -> timedelta:
    """Return how long to wait for an answer after so many attempts."""
    return timedelta(seconds=min(ANSWER_SECONDS * 2 ** min(max(attempts - 1, 0), 10), LONGEST_PATIENCE_SECONDS))


def wake_all() -> None:
    """Make all messages due: after an outage nobody knows which of them waited because of it."""
    waiting = OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING, next_attempt_at__gt=Now())
    count = waiting.update(next_attempt_at=Now())
    logger.info("outbox: Temporal is back; retrying %d messages now", count)


def _sendable() -> "QuerySet[OutboxMessage]":
    """Return the pending messages that no earlier message of the same order stands before."""
    earlier = OutboxMessage.objects.filter(
        order=OuterRef("order"), status=OutboxMessage.Status.PENDING, pk__lt=OuterRef("pk")
    )
    return OutboxMessage.objects.filter(~Exists(earlier), status=OutboxMessage.Status.PENDING)


def _claim(*pks: int) -> list[OutboxMessage]:
    """Lock messages, with what is needed of their orders, and return those that nobody else is sending."""
    messages = _sendable().select_for_update(skip_locked=True, of=("self",)).filter(pk__in=pks)
    return list(messages.select_related("order").only(*CLAIMED))


def _deliver_after_commit(message: OutboxMessage, *, is_kept: bool) -> None:
    """Try once, right after the transaction; the relay goes on with what is left.

    What was written counts, so nothing that goes wrong from here on may look like a failure of the request.
    """
    try:
        outcome = _deliver_kept(message) if is_kept else _deliver(message.pk)
        if outcome is _Outcome.SENT:
            message.status = OutboxMessage.Status.DELIVERED  # whoever wrote it need not read it again to know
        if outcome is _Outcome.AWAY:
            logger.info("outbox: message %s is left to the relay: Temporal is unavailable", message.pk)
    except (DatabaseError, InterfaceError) as error:
        logger.info("outbox: message %s is left to the relay: %s", message.pk, error)
    except Exception:
        logger.exception("outbox: message %s is left to the relay after an unexpected failure", message.pk)


def _deliver_kept(message: OutboxMessage) -> _Outcome:
    """Send a message that is not due yet, so that nobody else sends it; a process that dies leaves it to the relay."""
    failure = sending.try_to_send(message)
    if failure is None:
        _note_sent([message.pk])
        return _Outcome.SENT
    with transaction.atomic():
        claimed = next(iter(_claim(message.pk)), None)
        if claimed is None:
            return _Outcome.LEFT
        claimed.next_attempt_at = Now()
        return _put_back(claimed, failure)


def _deliver(message_pk: int) -> _Outcome:
    """Send one message unless somebody else does, and tell what became of it.

    The row's lock is held while it is sent, so that one process sends it; a process that dies lets go of it.
    """
    with transaction.atomic():
        message = next(iter(_claim(message_pk)), None)
        if message is None:
            return _Outcome.LEFT
        failure = sending.try_to_send(message)
        if failure is not None:
            return _put_back(message, failure)
        _note_sent([message_pk])
        return _Outcome.SENT


def _note_sent(pks: list[int]) -> None:
    OutboxMessage.objects.filter(pk__in=pks, status=OutboxMessage.Status.PENDING).update(
        status=OutboxMessage.Status.DELIVERED, attempts=F("attempts") + 1, delivered_at=Now(), last_error=""
    )


def _put_back(message: OutboxMessage, failure: OrderError) -> _Outcome:
    """Keep a message for later, or set it aside: when its order has come to its end, or Temporal refuses it."""
    message.last_error = str(failure)
    if isinstance(failure, TemporalAway) and not isinstance(failure, CallFailed):
        message.save(update_fields=["last_error", "next_attempt_at"])
        return _Outcome.AWAY
    order = lock_order(message.order.order_id)
    message.attempts += 1
    if isinstance(failure, RunNotFound) and order.status in FINAL:
        # What became of the decision was written when the order came to its end; the message has nothing to add.
        is_late = order.decisions.filter(decision_id=message.payload.get("decision_id"), outcome=Outcome.TOO_LATE)
        message.status = OutboxMessage.Status.UNDELIVERABLE if is_late.exists() else OutboxMessage.Status.DELIVERED
    elif isinstance(failure, CallRefused):
        message.status = OutboxMessage.Status.REFUSED
    else:
        message.next_attempt_at = database_now() + sending.back_off(message, failure)
    message.save()
    sending.log_failure(message, failure)
    return _Outcome.FAILED if isinstance(failure, CallFailed) else _Outcome.SET_BACK


def _set_back(message_pk: int) -> None:
    """Have a message wait that Temporal, which is there, does not answer."""
    with transaction.atomic():
        message = next(iter(_claim(message_pk)), None)
        if message is not None:
            failure = CallFailed("UNAVAILABLE", message.last_error)
            message.attempts += 1
            message.next_attempt_at = database_now() + sending.back_off(message, failure)
            message.save()
            sending.log_failure(message, failure)
