"""Finds out what became of an attempt that is not known to have failed: its worker was lost, it hung, or it did fail.

The next attempt asks Temporal, in the same thread and before it begins. That costs an order on its ordinary way
nothing, for only attempts that follow one without an answer ask.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from temporalio import activity

from orders.engine import temporal
from orders.errors import OrderError
from workers import steps

NO_ANSWER: Final = f"No answer within {steps.START_TO_CLOSE.total_seconds():g} s."
# Attempts that took too long are remembered until so many others were begun after them.
MOST_REMEMBERED: Final = 1000
# The power of a large number of attempts is too large for a duration, and the longest wait is reached far below.
LONGEST_GROWTH: Final = 20

# Run, activity and number of the attempts that this process is making, or made too slowly.
_made_here: dict[tuple[str, str, int], None] = {}
_remembering = threading.Lock()


@dataclass(frozen=True)
class Fate:
    """What became of an attempt: its `error`, and if it was lost, after how many seconds it was resumed, if known."""

    error: str
    is_lost: bool = False
    seconds: int | None = None


@contextmanager
def remembering_attempt() -> Iterator[None]:
    """Remember the current attempt while it is made, and afterwards if it took longer than it may."""
    info = activity.info()
    attempt, began = _name(info, info.attempt), time.monotonic()
    with _remembering:
        _made_here[attempt] = None
        if len(_made_here) > MOST_REMEMBERED:
            del _made_here[next(iter(_made_here))]
    try:
        yield
    finally:
        if time.monotonic() - began < steps.START_TO_CLOSE.total_seconds():
            with _remembering:
                _made_here.pop(attempt, None)


def find_fate(order_id: str) -> Fate:
    """Return what became of the attempt before the current one, as far as Temporal says.

    It was lost if Temporal has heard of it neither a success nor a failure within its time. An attempt of this very
    process was not, however long it takes: the process is still there.
    """
    info = activity.info()
    with _remembering:
        is_made_here = _name(info, info.attempt - 1) in _made_here
    if is_made_here:
        return Fate(NO_ANSWER)
    try:
        run = info.workflow_id or "", info.workflow_run_id or ""
        found = temporal.find_attempt(*run, info.activity_id, order_id=order_id)
    except OrderError:
        return Fate(NO_ANSWER)
    if found is None or found.attempt != info.attempt:
        return Fate(NO_ANSWER)
    if not found.has_timed_out:
        return Fate(found.last_failure or NO_ANSWER)
    return Fate(NO_ANSWER, is_lost=True, seconds=_count_seconds(info))


def _name(info: activity.Info, attempt: int) -> tuple[str, str, int]:
    return info.workflow_run_id or "", info.activity_id, attempt


def _count_seconds(info: activity.Info) -> int | None:
    """Return how long after its beginning a lost attempt was followed by this one, by the server's clock alone.

    Temporal waited for as long as an attempt may take, then for as long as the retry policy says, then for a worker.
    """
    limit, policy = info.start_to_close_timeout, info.retry_policy
    if limit is None or policy is None:
        return None
    growth = policy.backoff_coefficient ** min(info.attempt - 2, LONGEST_GROWTH)
    pause = policy.initial_interval * growth
    if policy.maximum_interval:
        pause = min(pause, policy.maximum_interval)
    waited = info.started_time - info.current_attempt_scheduled_time
    return round((limit + pause + waited).total_seconds())
