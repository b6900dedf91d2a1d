"""How the worker processes are doing: each reports itself, and whoever asks reads what all of them reported.

A process reports whether it polls its queues, whether Temporal answers, how its companions are doing, how far its clock
is off, and what the companions found. What keeps the process from its work makes it not ready; the rest, such as runs
that cannot go on, makes it degraded. Problems are codes with data; `orders.labels.health` has the words.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, InterfaceError
from django.db.models.functions import Now

from orders.engine import task_queues, temporal
from orders.engine.companions import CompanionReport, look_at_companions, run_companion
from orders.errors import OrderError
from orders.models import Trouble, WorkerProcess
from orders.postgres.clock import database_now, skew_watch
from orders.states import OPEN, TroubleCode

logger = logging.getLogger(__name__)

HEARTBEAT: Final = "heartbeat"
HEARTBEAT_SECONDS: Final = 5.0
# A process that has not reported for this long hangs, or was killed.
SILENT_AFTER: Final = timedelta(seconds=30)
FORGOTTEN_AFTER: Final = timedelta(hours=1)
# A worker asks for tasks at least once a minute, even when there are none.
POLL_SECONDS: Final = 90.0
# A companion may fail for a moment; after this time the process is not ready.
COMPANION_SECONDS: Final = 60.0

Problem = Mapping[str, Any]

TEMPORAL_AWAY: Final = "temporal_away"
NOT_POLLING: Final = "not_polling"
COMPANION_FAILING: Final = "companion_failing"
SILENT: Final = "process_silent"
NO_PROCESS: Final = "no_process"
CLOCK_SKEWED: Final = "clock_skewed"
QUEUE_UNSERVED: Final = "queue_unserved"
ORDERS_IN_TROUBLE: Final = "orders_in_trouble"
# The reconciler reports these.
TOLD_OTHERWISE: Final = (TroubleCode.RUN_FAILING, TroubleCode.RUN_PAUSED)
# Problems that keep a process from its work.
BLOCKING: Final = frozenset({TEMPORAL_AWAY, NOT_POLLING, COMPANION_FAILING, SILENT, NO_PROCESS})


@dataclass(frozen=True)
class ProcessHealth:
    """A process as it last reported itself."""

    host: str
    pid: int
    queues: tuple[str, ...]
    seconds_since_report: float
    problems: tuple[Problem, ...]

    @property
    def is_ready(self) -> bool:
        """Tell whether nothing keeps the process from its work."""
        return not any(problem["code"] in BLOCKING for problem in self.problems)


@dataclass(frozen=True)
class WorkersHealth:
    """All processes that were asked about, and what is wrong with them or was found by them."""

    processes: tuple[ProcessHealth, ...]
    problems: tuple[Problem, ...]

    @property
    def is_ready(self) -> bool:
        """Tell whether the processes are at work."""
        return not any(problem["code"] in BLOCKING for problem in self.problems)

    @property
    def status(self) -> str:
        """Return 'ready', 'not ready', or 'degraded' when they are working but something is wrong."""
        if not self.is_ready:
            return "not ready"
        return "degraded" if self.problems else "ready"


def worker_identity() -> str:
    """Return the name under which this process asks Temporal for tasks."""
    return f"{os.getpid()}@{socket.gethostname()}"


@dataclass
class _Heart:
    """What a process remembers from one report to the next."""

    queues: Sequence[str]
    identity: str = field(default_factory=worker_identity)
    started_at: float = field(default_factory=time.monotonic)
    began_at: datetime | None = None
    # When Temporal last told of a new poll, by this process's own count: the two clocks are never compared.
    polls: dict[str, tuple[object, float]] = field(default_factory=dict)

    @property
    def process_id(self) -> str:
        return f"{self.identity}:{','.join(self.queues)}"


def run_heartbeat(stop: threading.Event, *, queues: Sequence[str], interval_seconds: float = HEARTBEAT_SECONDS) -> None:
    """Report this process until `stop` is set, and then no more."""
    heart = _Heart(queues)
    run_companion(HEARTBEAT, lambda: _report(heart), stop, interval_seconds=interval_seconds)
    try:
        WorkerProcess.objects.filter(process_id=heart.process_id).delete()
    except (DatabaseError, InterfaceError) as error:
        logger.info("the report of %s could not be removed: %s", heart.identity, error)


def judge_workers(*, host: str = "", queues: Sequence[str] = ()) -> WorkersHealth:
    """Return how the processes are doing: those of `host`, or all; `queues` are those that somebody has to serve."""
    rows = list(WorkerProcess.objects.order_by("host", "pid"))
    now = database_now()
    # One that was killed cannot take its report back. Whether one of this machine lives is known, of others it is not.
    living = [row for row in rows if now - row.seen_at <= SILENT_AFTER or _is_alive(row)]
    processes = tuple(_read(row, (now - row.seen_at).total_seconds()) for row in living if host in {"", row.host})
    problems = [problem for process in processes for problem in process.problems]
    if not processes:
        problems.append({"code": NO_PROCESS, "host": host})
    served = {queue for row in living for queue in row.queues}
    problems += [{"code": QUEUE_UNSERVED, "queue": queue} for queue in queues if queue not in served]
    problems += _find_orders_in_trouble()
    return WorkersHealth(processes, tuple(_distinct(problems)))


def _find_orders_in_trouble() -> Iterator[Problem]:
    """Yield the orders that wait for a person; stuck runs are reported separately."""
    troubles = Trouble.objects.filter(order__status__in=OPEN).exclude(code__in=TOLD_OTHERWISE)
    order_ids = sorted(set(troubles.values_list("order__order_id", flat=True)))
    if order_ids:
        yield {"code": ORDERS_IN_TROUBLE, "count": len(order_ids), "order_ids": order_ids[:10]}


def _report(heart: _Heart) -> None:
    """Write down how this process is doing, and forget processes that ended long ago without a word."""
    problems = [*_find_problems(heart), *(fact for found in look_at_companions() for fact in found.facts)]
    now = database_now()
    heart.began_at = heart.began_at or now
    # One that was killed may have left a row under the same name.
    WorkerProcess.objects.update_or_create(
        process_id=heart.process_id,
        defaults={
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "queues": list(heart.queues),
            "problems": problems,
            "started_at": heart.began_at,
            "seen_at": now,
        },
    )
    WorkerProcess.objects.filter(seen_at__lt=Now() - FORGOTTEN_AFTER).delete()


def _find_problems(heart: _Heart) -> Iterator[Problem]:
    """Yield what is wrong with this process."""
    try:
        temporal.check_server()
        for queue in heart.queues:
            if not _is_polling(heart, queue):
                yield {"code": NOT_POLLING, "queue": queue}
    except OrderError as error:
        yield {"code": TEMPORAL_AWAY, "detail": str(error)}
    for companion in look_at_companions():
        if companion.name != HEARTBEAT and _is_failing(companion, heart):
            yield {"code": COMPANION_FAILING, "companion": companion.name, "detail": companion.trouble}
    skew = skew_watch.check()
    if skew is not None:
        yield {"code": CLOCK_SKEWED, "seconds": round(skew.total_seconds())}


def _is_polling(heart: _Heart, queue: str) -> bool:
    """Tell whether Temporal has heard of this process's polls lately. Raises TemporalAway."""
    now = time.monotonic()
    seen = task_queues.find_poll(queue, heart.identity)
    if seen is None:
        return False
    if queue not in heart.polls or heart.polls[queue][0] != seen:
        heart.polls[queue] = (seen, now)
    return now - heart.polls[queue][1] < POLL_SECONDS


def _is_failing(companion: CompanionReport, heart: _Heart) -> bool:
    if companion.is_hanging:
        return True
    since = companion.seconds_since_success
    if since is None:
        since = time.monotonic() - heart.started_at
    return companion.failures > 0 and since > COMPANION_SECONDS


def _read(row: WorkerProcess, seconds: float) -> ProcessHealth:
    problems: list[Problem] = list(row.problems)
    if seconds > SILENT_AFTER.total_seconds():
        problems.append({"code": SILENT, "pid": row.pid, "host": row.host, "seconds": round(seconds)})
    return ProcessHealth(row.host, row.pid, tuple(row.queues), seconds, tuple(problems))


def _is_alive(row: WorkerProcess) -> bool:
    """Tell whether a process of this very machine is still there."""
    if row.host != socket.gethostname() or row.pid == os.getpid():
        return False
    command = Path(f"/proc/{row.pid}/cmdline")
    try:
        if command.parent.parent.exists():  # another program may have got the number since
            return b"runworkers" in command.read_bytes()
        os.kill(row.pid, 0)
    except OSError:
        return False
    return True


def _distinct(problems: Sequence[Problem]) -> list[Problem]:
    """Return each problem once, though several processes tell of it in their own words."""
    found: dict[str, Problem] = {}
    for problem in problems:
        facts = {name: value for name, value in problem.items() if name != "detail"}
        found.setdefault(json.dumps(facts, sort_keys=True), problem)
    return list(found.values())
