"""Orders from submission to COMPLETED, with real servers and workers, against bare runs.

These are the same workflows with empty bodies, with their search attributes and without, and the shape of the console's
forerunner with one upsert a step. Rounds of all take turns on the same Temporal server, so that whatever else the
machine does meets them all.
"""

import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.conf import settings
from django.db import connection

from orders.engine import temporal_client
from tests.benchmark.bare_runs import EMPTY, FORERUNNER, UNLISTED, bare_workers, count_commits, run_bare
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.forerunner_bodies import TABLE
from tests.benchmark.machine import cpu_milliseconds, find_tree
from tests.benchmark.whole_orders import find_postgres, run_orders
from tests.programs import free_port, temporal_process, workers_process

# Orders of one round.
BATCH: Final = 50


@dataclass(frozen=True)
class Processes:
    """Whose CPU time is counted, by name."""

    temporal: int
    postgres: int
    workers: int
    empty_workers: int
    forerunner_workers: int

    def used(self, *names: str) -> dict[str, float]:
        """Return the CPU time of these so far, in milliseconds; `clients` is this process."""
        pids = {**vars(self), "clients": os.getpid()}
        return {name: cpu_milliseconds(find_tree(pids[name]) if name != "clients" else [pids[name]]) for name in names}


@dataclass(frozen=True)
class Round:
    """What one round took, for an order."""

    seconds: float
    used: dict[str, float]

    @property
    def cpu(self) -> float:
        """CPU time of all processes, in milliseconds."""
        return sum(self.used.values())


@dataclass(frozen=True)
class Rounds:
    """The rounds of all ways, and the ids of the latest orders of each."""

    ours: list[Round]
    empty: list[Round]
    unlisted: list[Round]
    forerunner: list[Round]
    latest: dict[str, list[str]]


def measure(scale: Scale) -> list[Figure]:
    """Start the servers and all kinds of workers, let rounds take turns, and compare."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    settings.TEMPORAL_ADDRESS = address
    environment = {**os.environ, "TEMPORAL_ADDRESS": address}
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    namespaces = ("--namespace", EMPTY.namespace, "--namespace", FORERUNNER.namespace)
    with (
        temporal_process(port, *namespaces) as temporal,
        bare_workers(address, EMPTY) as empty,
        bare_workers(address, FORERUNNER) as forerunner,
    ):
        with workers_process(environment) as workers:
            processes = Processes(temporal.pid, find_postgres(), workers.pid, empty.pid, forerunner.pid)
            rounds = _take_turns(scale.rounds, processes, address)
            commits = {name: count_commits(address, name, ids) for name, ids in rounds.latest.items()}
        temporal_client.close()
    return _compare(rounds, commits)


def _take_turns(count: int, processes: Processes, address: str) -> Rounds:
    """Return the rounds of all ways, after one of each to warm up."""
    rounds = Rounds([], [], [], [], {})
    for _ in range(count + 1):
        rounds.ours.append(
            _clock(
                lambda: rounds.latest.update(default=run_orders(BATCH)),
                *(processes, "temporal", "postgres", "workers"),
            )
        )
        for shape, found in ((EMPTY, rounds.empty), (UNLISTED, rounds.unlisted)):
            found.append(_clock(partial(run_bare, address, shape, BATCH), processes, "temporal", "empty_workers"))
        rounds.forerunner.append(
            _clock(
                lambda: rounds.latest.update({FORERUNNER.namespace: run_bare(address, FORERUNNER, BATCH)}),
                *(processes, "temporal", "postgres", "forerunner_workers"),
            )
        )
    return Rounds(rounds.ours[1:], rounds.empty[1:], rounds.unlisted[1:], rounds.forerunner[1:], rounds.latest)


def _clock(work: Callable[[], object], processes: Processes, *names: str) -> Round:
    begin, before = time.monotonic(), processes.used(*names, "clients")
    work()
    seconds, after = time.monotonic() - begin, processes.used(*names, "clients")
    return Round(seconds / BATCH, {name: (after[name] - before[name]) / BATCH for name in after})


def _compare(rounds: Rounds, commits: dict[str, float]) -> list[Figure]:
    ours, empty, unlisted, forerunner = rounds.ours, rounds.empty, rounds.unlisted, rounds.forerunner
    return [
        Figure("orders a second ÷ the same shape with empty bodies", _quicker(empty, ours), target="≥ 0.80"),
        Figure("CPU time of an order ÷ the same shape with empty bodies", _dearer(ours, empty), target="≤ 1.25"),
        Figure(
            "orders a second ÷ the forerunner's shape with one upsert a step",
            _quicker(forerunner, ours),
            target="≥ 0.9",
        ),
        Figure("CPU time of an order ÷ the forerunner's shape with one upsert a step", _dearer(ours, forerunner)),
        Figure("CPU time of search attributes, as a share of an order's", _share(empty, unlisted, ours)),
        Figure("commits of Temporal for an order", commits["default"], target="≤ 26"),
        Figure("commits of the forerunner's shape", commits[FORERUNNER.namespace]),
        Figure("CPU time of an order", _median(each.cpu for each in ours), "ms"),
        *(Figure(f"of it {name}", used, "ms") for name, used in _divide(ours)),
        Figure("CPU time with empty bodies", _median(each.cpu for each in empty), "ms"),
        *(Figure(f"with empty bodies, {name}", used, "ms") for name, used in _divide(empty)),
        Figure("CPU time with empty bodies, without search attributes", _median(each.cpu for each in unlisted), "ms"),
        Figure("CPU time of the forerunner's shape", _median(each.cpu for each in forerunner), "ms"),
    ]


def _quicker(theirs: Sequence[Round], ours: Sequence[Round]) -> float:
    """Return how many orders the console completes in the time in which the others complete one."""
    return _median(b.seconds / a.seconds for a, b in zip(ours, theirs, strict=True))


def _dearer(ours: Sequence[Round], theirs: Sequence[Round]) -> float:
    """Return the CPU time of the console's orders by that of the others."""
    return _median(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True))


def _share(listed: Sequence[Round], unlisted: Sequence[Round], ours: Sequence[Round]) -> float:
    """Return what search attributes take of the CPU time of the console's orders."""
    return _median((a.cpu - b.cpu) / c.cpu for a, b, c in zip(listed, unlisted, ours, strict=True))


def _divide(rounds: Sequence[Round]) -> list[tuple[str, float]]:
    """Return the CPU time of each kind of processes."""
    return [(name.removeprefix("empty_"), _median(each.used[name] for each in rounds)) for name in rounds[0].used]


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)
