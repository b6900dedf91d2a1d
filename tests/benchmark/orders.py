"""Orders from submission to COMPLETED, with real servers and workers, against the same workflows with empty bodies.

Rounds of both ways take turns on the same Temporal server, so that whatever else the machine does meets both.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import connection
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from orders import contracts
from orders.decisions import decide
from orders.engine import temporal_client
from orders.intake import submission
from orders.models import Order
from orders.states import Status
from tests.benchmark.empty_bodies import NAMESPACE
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.machine import cpu_milliseconds, find_tree
from tests.making import Colleague, make_draft
from tests.programs import ROOT, free_port, started_workers, temporal_process
from tests.waiting import wait_until
from workers.payloads import DATA_CONVERTER

# Orders of one round, and how many people submit and approve at the same time.
BATCH: Final = 20
PEOPLE: Final = 4
SECONDS: Final = 120
# The events of a run that has received and validated its order in its first task and set its timer.
WAITING_LENGTH: Final = 9

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True)
class Processes:
    """Whose CPU time is counted, by name."""

    temporal: int
    postgres: int
    workers: int
    empty_workers: int

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


def measure(scale: Scale) -> list[Figure]:
    """Start the servers and both kinds of workers, let rounds take turns, and compare."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    settings.TEMPORAL_ADDRESS = address
    environment = {**os.environ, "TEMPORAL_ADDRESS": address}
    with temporal_process(port, "--namespace", NAMESPACE) as temporal, _empty_workers(address) as empty:
        with started_workers(environment) as workers:
            processes = Processes(temporal.pid, _find_postgres(), workers.pid, empty.pid)
            ours, theirs, order_ids = _take_turns(scale.rounds, processes, address)
            commits = asyncio.run(_count_commits(address, order_ids[-BATCH:]))
        temporal_client.close()
    return _compare(ours, theirs, commits)


def _take_turns(rounds: int, processes: Processes, address: str) -> tuple[list[Round], list[Round], list[str]]:
    """Return the rounds of the console and those of empty bodies, after one of each to warm up, and the order_ids."""
    ours, theirs, order_ids = [], [], []
    for _ in range(rounds + 1):
        ours.append(_clock(lambda: order_ids.extend(_run_orders()), processes, "temporal", "postgres", "workers"))
        theirs.append(_clock(lambda: asyncio.run(_run_empty(address)), processes, "temporal", "empty_workers"))
    return ours[1:], theirs[1:], order_ids


def _clock(work: Callable[[], object], processes: Processes, *names: str) -> Round:
    begin, before = time.monotonic(), processes.used(*names, "clients")
    work()
    seconds, after = time.monotonic() - begin, processes.used(*names, "clients")
    return Round(seconds / BATCH, {name: (after[name] - before[name]) / BATCH for name in after})


def _run_orders() -> list[str]:
    """Submit orders, approve them when they wait, and return when all are completed."""
    with ThreadPoolExecutor(PEOPLE) as people:
        order_ids = list(people.map(_in_thread(_submit), range(BATCH)))
        _wait_for(order_ids, Status.PENDING_MANUAL_APPROVAL)
        list(people.map(_in_thread(_approve), order_ids))
        _wait_for(order_ids, Status.COMPLETED)
    return order_ids


def _in_thread(work: Callable[[A], R]) -> Callable[[A], R]:
    """Give back the thread's connection after each call, as a request does."""

    def call(argument: A) -> R:
        try:
            return work(argument)
        finally:
            connection.close()

    return call


def _submit(_: int) -> str:
    clerk = Colleague("alice", pk=None)
    return submission.submit_order(make_draft(), actor=clerk, idempotency_key=str(uuid4())).order_id


def _approve(order_id: str) -> None:
    decide.approve_order(Order.objects.get(order_id=order_id), actor=Colleague("bob"))


def _wait_for(order_ids: Sequence[str], status: Status) -> None:
    orders = Order.objects.filter(order_id__in=order_ids, status=status)
    wait_until(lambda: orders.count() == len(order_ids), seconds=SECONDS, what=f"{status} of all")


async def _run_empty(address: str) -> None:
    """Start as many runs with empty bodies, approve them, and return when all are completed."""
    client = await Client.connect(address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)
    handles = await asyncio.gather(*(_start_empty(client) for _ in range(BATCH)))
    await asyncio.gather(*(_until_it_waits(handle) for handle in handles))
    decision = contracts.Decision(str(uuid4()), "bob")
    await asyncio.gather(*(handle.signal(contracts.APPROVE_SIGNAL, decision) for handle in handles))
    await asyncio.gather(*(handle.result() for handle in handles))


def _start_empty(client: Client) -> Awaitable["WorkflowHandle[object, object]"]:
    order_id = f"order-{uuid4().hex[:12]}"
    order = contracts.OrderInput(order_id, "pay-1", 3600)
    return client.start_workflow(contracts.ORDER_WORKFLOW, order, id=order_id, task_queue=contracts.ORDER_QUEUE)


async def _until_it_waits(handle: "WorkflowHandle[object, object]") -> None:
    """Wait for the run's timer, as the console waits for the row: by a cheap look now and then."""
    while (await handle.describe()).history_length < WAITING_LENGTH:
        await asyncio.sleep(0.1)


async def _count_commits(address: str, order_ids: Sequence[str]) -> float:
    """Return how often Temporal wrote the state of an order's runs down, the child's included."""
    client = await Client.connect(address)
    total = 0
    for workflow_id in [*order_ids, *map(contracts.shipping_workflow_id, order_ids)]:
        try:
            description = await client.get_workflow_handle(workflow_id).describe()
        except RPCError:
            continue
        total += description.raw_description.workflow_execution_info.state_transition_count
    return total / len(order_ids)


def _compare(ours: Sequence[Round], theirs: Sequence[Round], commits: float) -> list[Figure]:
    pairs = list(zip(ours, theirs, strict=True))
    parts = {name: statistics.median(each.used[name] for each in ours) for name in ours[0].used}
    return [
        Figure(
            "orders a second ÷ the same shape with empty bodies",
            _median(b.seconds / a.seconds for a, b in pairs),
            target="≥ 0.80",
        ),
        Figure(
            "CPU time of an order ÷ the same shape with empty bodies",
            _median(a.cpu / b.cpu for a, b in pairs),
            target="≤ 1.25",
        ),
        Figure("commits of Temporal for an order", commits, target="≤ 26"),
        Figure("CPU time of an order", _median(each.cpu for each in ours), "ms"),
        *(Figure(f"of it {name}", used, "ms") for name, used in parts.items()),
        Figure("CPU time with empty bodies", _median(each.cpu for each in theirs), "ms"),
    ]


def _median(values: Iterator[float]) -> float:
    return statistics.median(values)


@contextmanager
def _empty_workers(address: str) -> Iterator["subprocess.Popen[bytes]"]:
    code = f"from tests.benchmark.empty_bodies import serve; serve({address!r})"
    process = subprocess.Popen([sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _find_postgres() -> int:
    """Return the server's first process, the parent of the one that serves this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
