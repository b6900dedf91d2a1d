"""A worker that kills itself at one point of a charge, capture, release or refund.

    python -m tests.faults.failing_worker POINT

Production never loads this: the points are wrapped round the project's own functions, here, before the worker starts.
"""

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import django
from django.core.management import execute_from_command_line

# Less than the gateway takes, where it is told to be slow.
AMID_SECONDS: Final = 0.7


def die(*_: object, **__: object) -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that dies instead."""
    return die


def after(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does its work, and then dies."""

    def work(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        die()

    return work


def amid(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that dies while the other side has still to answer."""

    def work(*arguments: Any, **named: Any) -> Any:
        threading.Timer(AMID_SECONDS, die).start()
        return function(*arguments, **named)

    return work


def after_success(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that dies instead of writing down that the gateway said yes."""

    def write(attempt: Any, outcome: Any, **rest: Any) -> Any:
        if outcome == "SUCCEEDED":
            die()
        return function(attempt, outcome, **rest)

    return write


def after_charge(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that dies when the attempt to charge is over, before Temporal hears of it."""

    def make_attempt(activity: Any, argument: Any) -> Any:
        answer = function(activity, argument)
        if type(argument).__name__ == "ChargePayment":
            die()
        return answer

    return make_attempt


Point = tuple[str, str, Callable[[Callable[..., Any]], Callable[..., Any]]]

# Where a worker can die: what is wrapped, and how.
POINTS: Final[dict[str, Point]] = {
    "before-intent": ("orders.payments.charge", "_begin_charge", before),
    "after-intent": ("orders.payments.charge", "_begin_charge", after),
    "during-call": ("orders.payments.gateways.ledgers", "TableLedger.add", after),
    "after-yes": ("orders.payments.attempts", "_finish", after_success),
    "after-commit": ("orders.payments.charge", "_write_charge", after),
    "before-report": ("workers.attempts", "make_attempt", after_charge),
    "after-refund-intent": ("orders.payments.refund", "_begin_refund", after),
    "after-refund-commit": ("orders.payments.refund", "refund_payment", after),
}
# Where one can die that pays with the gateway's program, and captures or releases what is held there.
PROGRAM: Final = "orders.payments.gateways.simulated_process.gateway"
POINTS_OF_CAPTURES: Final[dict[str, Point]] = {
    "hold-after-yes": (PROGRAM, "SimulatedProcessGateway.accept", after),
    "capture-before": (PROGRAM, "SimulatedProcessGateway.capture", before),
    "capture-during-call": (PROGRAM, "SimulatedProcessGateway.capture", amid),
    "capture-after-yes": (PROGRAM, "SimulatedProcessGateway.capture", after),
    "capture-after-commit": ("orders.payments.charge", "_write_charge", after),
    "release-before": (PROGRAM, "SimulatedProcessGateway.void", before),
    "release-during-call": (PROGRAM, "SimulatedProcessGateway.void", amid),
    "release-after-yes": (PROGRAM, "SimulatedProcessGateway.void", after),
    "release-after-commit": ("orders.payments.refund", "_write_closing", after),
}


def main() -> None:
    """Wrap the point, and run the workers."""
    module, path, wrap = (POINTS | POINTS_OF_CAPTURES)[sys.argv[1]]
    django.setup()
    owner = importlib.import_module(module)
    *holders, name = path.split(".")
    for holder in holders:
        owner = getattr(owner, holder)
    setattr(owner, name, wrap(getattr(owner, name)))
    execute_from_command_line(["manage.py", "runworkers"])


if __name__ == "__main__":
    main()
