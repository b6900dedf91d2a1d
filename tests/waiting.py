"""Waits for something to become true, with a bound."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress

from orders.contracts import StatusAnswer
from orders.engine import temporal
from orders.errors import TemporalAway
from orders.models import Order


def wait_until(is_true: Callable[[], bool], *, seconds: float = 120, what: str = "it", every: float = 0.05) -> None:
    """Ask `every` so many seconds until `is_true`. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(every)


def listens(port: int) -> bool:
    """Tell whether somebody takes connections at the port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for_status(order: Order, *statuses: str, seconds: float = 60) -> Order:
    """Wait until the order's row is in one of `statuses`, and return the fresh row."""

    def is_there() -> bool:
        order.refresh_from_db()
        return order.status in statuses

    wait_until(is_there, seconds=seconds, what=f"{order.order_id} in {', '.join(statuses)}")
    return order


def ask_run(order: Order, *, seconds: float = 60) -> StatusAnswer:
    """Return what the order's run says, also where a busy machine needs longer for it than a page would wait.

    Raises AssertionError after `seconds`.
    """
    answers: list[StatusAnswer] = []

    def has_answered() -> bool:
        with suppress(TemporalAway):
            answers.append(temporal.query_status(order.order_id))
        return bool(answers)

    wait_until(has_answered, seconds=seconds, what=f"an answer from the run of {order.order_id}")
    return answers[0]
