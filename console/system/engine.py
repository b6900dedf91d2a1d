"""The banner on every page when decisions cannot take effect right now, and why; cached, because it changes rarely.

What is cached is worded when it is shown, in the language of whoever reads it.
"""

import threading
import time
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from orders.contracts import ORDER_QUEUE, SHIPPING_QUEUE
from orders.engine.relay import find_delay
from orders.engine.worker_health import NO_PROCESS, QUEUE_UNSERVED, SILENT, TEMPORAL_AWAY, WorkersHealth, judge_workers

FRESH_SECONDS: Final = 3.0
# The relay sends within a second or two; after this time something is wrong.
BEHIND_SECONDS: Final = 15

AWAY: Final = gettext_lazy(
    "Temporal cannot be reached. Orders and decisions are saved and take effect when it is back."
)
NO_WORKER: Final = gettext_lazy(
    "No worker is running. Orders and decisions are saved and take effect when one is running again."
)
NO_SHIPPING: Final = gettext_lazy(
    "No worker serves %(queue)s. Orders are charged, but not shipped or completed until one does."
)
BEHIND: Final = gettext_lazy(
    "Decisions are taking longer than usual to reach their workflows. They are saved, and nothing is lost."
)


class _Watch:
    """What was found last, for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sentence: str | Promise = ""
        self._until = 0.0

    def look(self) -> str | Promise:
        with self._lock:
            if time.monotonic() < self._until:
                return self._sentence
            self._until = time.monotonic() + FRESH_SECONDS  # the others need not wait for the answer
        self._sentence = _judge(judge_workers(queues=(ORDER_QUEUE, SHIPPING_QUEUE)))
        return self._sentence


_watch = _Watch()


def describe_engine() -> str:
    """Return why decisions cannot take effect right now, and what that means; empty when they can."""
    return str(_watch.look()) % {"queue": SHIPPING_QUEUE}


def forget() -> None:
    """Forget what was found, as in a new process."""
    global _watch  # noqa: PLW0603
    _watch = _Watch()


def _judge(health: WorkersHealth) -> str | Promise:
    working = [
        process for process in health.processes if not any(problem["code"] == SILENT for problem in process.problems)
    ]
    codes = {problem["code"] for problem in health.problems}
    if NO_PROCESS in codes or not working:
        return NO_WORKER
    if all(any(problem["code"] == TEMPORAL_AWAY for problem in process.problems) for process in working):
        return AWAY
    unserved = {problem["queue"] for problem in health.problems if problem["code"] == QUEUE_UNSERVED}
    if ORDER_QUEUE in unserved:
        return NO_WORKER
    if SHIPPING_QUEUE in unserved:
        return NO_SHIPPING
    return BEHIND if find_delay().total_seconds() > BEHIND_SECONDS else ""
