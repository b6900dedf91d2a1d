"""Sends messages of the outbox to Temporal, and says how long one that failed waits; it does not touch the database."""

import contextlib
import json
import logging
import random
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from orders import contracts
from orders.engine import steering, temporal
from orders.engine.alarms import is_alarming
from orders.errors import CallFailed, CallRefused, OrderError, RunNotFound, StepNotPending
from orders.models import OutboxMessage
from orders.states import Status
from orders.translation import in_english

logger = logging.getLogger(__name__)

START: Final = "start"
REFUND: Final = "refund"
# What a message carries by its name, where it is no decision.
CONTRACTS: Final[
    Mapping[str, type[contracts.OrderInput] | type[contracts.RefundInput] | type[contracts.DeadlineExtended]]
] = {
    START: contracts.OrderInput,
    REFUND: contracts.RefundInput,
    contracts.EXTEND_SIGNAL: contracts.DeadlineExtended,
}
# How many messages the relay sends at the same time. Each waits for Temporal most of the while.
IN_FLIGHT: Final = 10
# gRPC takes 4 MiB, headers included, and answers a larger message as if it were only busy.
LARGEST_MESSAGE_BYTES: Final = 4_000_000
LONGEST_BACKOFF_SECONDS: Final = 60
# For what Temporal may take a moment later: a busy shard, a call that took too long.
LONGEST_BACKOFF_OF_FAILED_CALLS_SECONDS: Final = 15


def group_messages(messages: Iterable[OutboxMessage]) -> list[list[int]]:
    """Return which messages to send at the same time: ten, but each on its own that has failed for its own reasons."""
    healthy: list[int] = []
    failed: list[int] = []
    for message in messages:
        has_failed = message.attempts > 0 and message.last_error
        (failed if has_failed else healthy).append(message.pk)
    together = [healthy[begin : begin + IN_FLIGHT] for begin in range(0, len(healthy), IN_FLIGHT)]
    return together + [[pk] for pk in failed]


def try_to_send(message: OutboxMessage) -> OrderError | None:
    """Send the message, which has its order with it, and return what went wrong, in English: it is kept and logged."""
    try:
        with in_english():
            _send(message)
    except OrderError as error:
        return error
    return None


def _send(message: OutboxMessage) -> None:
    """Send the message. Raises OrderError, also for what nobody thought of: one strange message must not stop all."""
    order_id = message.order.order_id
    if (size := len(json.dumps(message.payload))) > LARGEST_MESSAGE_BYTES:
        raise CallRefused(f"The message has {size:,} bytes, more than Temporal takes.")
    contract = CONTRACTS.get(message.name, contracts.Decision)
    try:
        content = contract(**message.payload)
    except TypeError as error:  # of another release; it waits for one that understands it
        raise OrderError(f"The message cannot be read: {error}") from error
    try:
        if isinstance(content, contracts.OrderInput):
            temporal.start_order(content)
        elif isinstance(content, contracts.RefundInput):
            temporal.start_refund(content)
        else:
            temporal.signal_decision(order_id, message.name, content)
            if message.name == contracts.CANCEL_SIGNAL and message.order.status != Status.PENDING_MANUAL_APPROVAL:
                _free_steps(order_id)
    except OrderError:
        raise
    except Exception as error:
        logger.exception("outbox: message %s of %s: unforeseen failure", message.name, order_id)
        raise OrderError(f"The message could not be sent: {type(error).__name__}: {error}") from error


def _free_steps(order_id: str) -> None:
    """Have a cancellation wait for no step that somebody has paused; an order that ended at once has none."""
    with contextlib.suppress(RunNotFound, StepNotPending):
        steering.free_ending_steps(order_id)


def back_off(message: OutboxMessage, failure: OrderError) -> timedelta:
    """Return how long to wait: longer each time, and a little random, so that what failed together parts."""
    is_of_call = isinstance(failure, CallFailed)
    longest = LONGEST_BACKOFF_OF_FAILED_CALLS_SECONDS if is_of_call else LONGEST_BACKOFF_SECONDS
    seconds = min(2.0 ** min(message.attempts, 10), longest)
    return timedelta(seconds=seconds * random.uniform(0.7, 1.0))  # noqa: S311 - no secret


def log_failure(message: OutboxMessage, failure: OrderError) -> None:
    """Log a failure: as an error when the message was set aside, or when it goes on failing."""
    is_loud = message.status == OutboxMessage.Status.REFUSED or is_alarming(message.attempts)
    logger.log(
        logging.ERROR if is_loud else logging.WARNING,
        "outbox: message %s of %s failed, attempt %d: %s",
        message.name,
        message.order.order_id,
        message.attempts,
        failure,
        exc_info=failure if is_loud else None,
        extra={"order_id": message.order.order_id, "step": message.name, "attempt": message.attempts},
    )
