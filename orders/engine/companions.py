"""The loops that run in threads beside the workers, such as the relay: what they outlive, and how they are doing.

A companion does one round after another. It outlives every exception: an outage of Temporal or of the database is
logged once and tried again at the usual pace, anything unforeseen is logged with its traceback and backed off from. A
companion that has met nothing but unforeseen exceptions for long raises CompanionGaveUp; whoever started it ends the
process, so that a new one may do better.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, close_old_connections

from orders.engine.alarms import is_alarming
from orders.errors import OrderError

logger = logging.getLogger(__name__)

# The longest pause after unforeseen exceptions, and how long they may go on before the companion gives up.
LONGEST_PAUSE_SECONDS: Final = 60.0
GIVE_UP_SECONDS: Final = 600.0
# A companion that gives no sign of life for this long hangs; a long round calls `beat` as it goes.
LONGEST_SILENCE_SECONDS: Final = 300.0
OUTAGES: Final = (OrderError, DatabaseError, InterfaceError)


class CompanionGaveUp(Exception):
    """A companion has met nothing but unforeseen exceptions for too long."""


@dataclass(frozen=True)
class CompanionReport:
    """How a companion is doing; seconds are counted back from now, and None stands for never.

    `facts` is what its latest successful round reported.
    """

    name: str
    seconds_since_beat: float
    seconds_since_success: float | None
    failures: int
    trouble: str
    facts: tuple[Mapping[str, Any], ...]

    @property
    def is_hanging(self) -> bool:
        """Tell whether it has given no sign of life for too long."""
        return self.seconds_since_beat > LONGEST_SILENCE_SECONDS


@dataclass(frozen=True)
class Seldom:
    """Work of a companion that need not be done in each round: it is done before the first, and then now and then."""

    work: Callable[[], object]
    every_seconds: float


@dataclass(eq=False)
class _Companion:
    name: str
    interval_seconds: float
    seldom: Seldom | None = None
    seldom_at: float = float("-inf")
    beat_at: float = field(default_factory=time.monotonic)
    succeeded_at: float | None = None
    failures: int = 0
    trouble: str = ""
    unforeseen_since: float | None = None
    unforeseen: int = 0
    facts: tuple[Mapping[str, Any], ...] = ()
    new_facts: list[Mapping[str, Any]] = field(default_factory=list)


_running: list[_Companion] = []
_current: ContextVar[_Companion | None] = ContextVar("companion", default=None)


def run_companion(
    name: str,
    make_round: Callable[[], bool | None],
    stop: threading.Event,
    *,
    interval_seconds: float,
    seldom: Seldom | None = None,
) -> None:
    """Call `make_round` every `interval_seconds` until `stop` is set; at once again while it returns True.

    What is done `seldom` belongs to the round that it is done before: where it fails, the round does, and it is done
    before the next one. Raises CompanionGaveUp.
    """
    companion = _Companion(name, interval_seconds, seldom)
    _running.append(companion)
    token = _current.set(companion)
    try:
        while not stop.is_set():
            stop.wait(_make_round(companion, make_round))
    finally:
        _current.reset(token)
        _running.remove(companion)
        close_old_connections()


def beat() -> None:
    """Give a sign of life from within a long round. Outside of a companion nothing happens."""
    companion = _current.get()
    if companion is not None:
        companion.beat_at = time.monotonic()


def report(code: str, **data: Any) -> None:
    """Add a fact to what the round under way found out; it replaces what the round before it reported.

    `data` are plain values that JSON knows. Outside of a companion nothing happens.
    """
    companion = _current.get()
    if companion is not None:
        companion.new_facts.append({"code": code, **data})


def look_at_companions() -> list[CompanionReport]:
    """Return how the companions of this process are doing."""
    now = time.monotonic()
    return [
        CompanionReport(
            name=companion.name,
            seconds_since_beat=now - companion.beat_at,
            seconds_since_success=None if companion.succeeded_at is None else now - companion.succeeded_at,
            failures=companion.failures,
            trouble=companion.trouble,
            facts=companion.facts,
        )
        for companion in list(_running)
    ]


def _make_round(companion: _Companion, make_round: Callable[[], bool | None]) -> float:
    """Make one round and return the seconds until the next. Raises CompanionGaveUp."""
    companion.beat_at = time.monotonic()
    companion.new_facts = []
    try:
        close_old_connections()
        _do_seldom(companion)
        has_more = make_round()
    except OUTAGES as error:
        _note_outage(companion, error)
        return companion.interval_seconds
    except Exception as error:
        logger.exception("%s: unexpected %s", companion.name, type(error).__name__, extra=_extra(companion))
        _note_unforeseen(companion, error)
        return _back_off(companion)
    finally:
        companion.beat_at = time.monotonic()
    if companion.failures:
        logger.info("%s: working again", companion.name)
    companion.succeeded_at, companion.failures, companion.trouble = time.monotonic(), 0, ""
    companion.unforeseen_since, companion.unforeseen = None, 0
    companion.facts = tuple(companion.new_facts)
    return 0.0 if has_more else companion.interval_seconds


def _do_seldom(companion: _Companion) -> None:
    if companion.seldom is not None and time.monotonic() >= companion.seldom_at:
        companion.seldom.work()
        companion.seldom_at = time.monotonic() + companion.seldom.every_seconds


def _note_outage(companion: _Companion, error: Exception) -> None:
    """Log an outage when it begins or changes, and as an error when it lasts."""
    trouble = " ".join(f"{type(error).__name__}: {error}".split())
    is_told = trouble == companion.trouble
    companion.failures, companion.trouble = companion.failures + 1, trouble
    companion.unforeseen_since, companion.unforeseen = None, 0
    if is_alarming(companion.failures):
        logger.error(
            "%s: failed %d times in a row: %s",
            companion.name,
            companion.failures,
            trouble,
            exc_info=error,
            extra=_extra(companion),
        )
    elif not is_told:
        logger.warning("%s: %s", companion.name, trouble)


def _note_unforeseen(companion: _Companion, error: Exception) -> None:
    """Count what nobody thought of. Raises CompanionGaveUp when it has gone on for too long."""
    now = time.monotonic()
    companion.failures, companion.unforeseen = companion.failures + 1, companion.unforeseen + 1
    companion.trouble = " ".join(f"{type(error).__name__}: {error}".split())
    companion.unforeseen_since = companion.unforeseen_since or now
    if now - companion.unforeseen_since > GIVE_UP_SECONDS:
        raise CompanionGaveUp(f"{companion.name} gave up after {companion.unforeseen} failed rounds.") from error


def _extra(companion: _Companion) -> dict[str, Any]:
    """Return what an error tracker groups the records by."""
    return {"companion": companion.name, "attempt": companion.failures}


def _back_off(companion: _Companion) -> float:
    """Return a pause that doubles with each unforeseen exception; a little random, so that processes do not meet."""
    longest = min(max(companion.interval_seconds, 1.0) * 2.0 ** min(companion.unforeseen, 10), LONGEST_PAUSE_SECONDS)
    return longest * random.uniform(0.7, 1.0)  # noqa: S311 - no secret
