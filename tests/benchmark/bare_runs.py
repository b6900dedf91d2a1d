"""Runs without the console: workflows started, approved and waited for through the SDK alone."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from orders import contracts
from tests.benchmark import empty_bodies, forerunner_bodies, forerunner_shape
from tests.programs import ROOT
from workers.payloads import DATA_CONVERTER


@dataclass(frozen=True)
class Shape:
    """One kind of runs: where they are, and how many events one has when it waits for its approval."""

    bodies: str
    namespace: str
    workflow: str
    queue: str
    waiting_length: int
    approval: tuple[object, ...]
    has_search_attributes: bool = False

    def argument(self, order_id: str) -> object:
        """Return what a run is started with."""
        if self.workflow != contracts.ORDER_WORKFLOW:
            return order_id
        return contracts.OrderInput(order_id, "pay-1", 3600, has_search_attributes=self.has_search_attributes)


# The console's own workflows with empty bodies: they wait after one task, in which they have set a timer, and their
# search attributes.
EMPTY: Final = Shape(
    *("empty_bodies", empty_bodies.NAMESPACE, contracts.ORDER_WORKFLOW, contracts.ORDER_QUEUE),
    waiting_length=10,
    approval=(contracts.Decision("d-bob", "bob"),),
    has_search_attributes=True,
)
# The same without search attributes.
UNLISTED: Final = replace(EMPTY, waiting_length=9, has_search_attributes=False)
# Two activities, each with three events and a task after it, and a timer.
FORERUNNER: Final = Shape(
    *("forerunner_bodies", forerunner_bodies.NAMESPACE, forerunner_shape.ORDER, forerunner_shape.ORDER_QUEUE),
    waiting_length=17,
    approval=(),
)


def run_bare(address: str, shape: Shape, count: int) -> list[str]:
    """Start so many runs, approve each when all wait, and return their ids when all are completed."""
    return asyncio.run(_run(address, shape, count))


async def _run(address: str, shape: Shape, count: int) -> list[str]:
    client = await Client.connect(address, namespace=shape.namespace, data_converter=DATA_CONVERTER)
    order_ids = [f"order-{uuid4().hex[:12]}" for _ in range(count)]
    started = (
        client.start_workflow(shape.workflow, shape.argument(order_id), id=order_id, task_queue=shape.queue)
        for order_id in order_ids
    )
    handles: list[WorkflowHandle[Any, Any]] = await asyncio.gather(*started)
    await asyncio.gather(*(_until_it_waits(handle, shape.waiting_length) for handle in handles))
    await asyncio.gather(*(handle.signal(contracts.APPROVE_SIGNAL, args=shape.approval) for handle in handles))
    await asyncio.gather(*(handle.result() for handle in handles))
    return order_ids


async def _until_it_waits(handle: "WorkflowHandle[Any, Any]", length: int) -> None:
    """Wait for the run's timer, as the console waits for the row: by a cheap look now and then."""
    while (await handle.describe()).history_length < length:
        await asyncio.sleep(0.1)


def count_commits(address: str, namespace: str, order_ids: Sequence[str]) -> float:
    """Return how often Temporal wrote the state of an order's runs down, the child's included."""
    return asyncio.run(_count(address, namespace, order_ids))


async def _count(address: str, namespace: str, order_ids: Sequence[str]) -> float:
    client = await Client.connect(address, namespace=namespace)
    total = 0
    for workflow_id in [*order_ids, *map(contracts.shipping_workflow_id, order_ids)]:
        try:
            description = await client.get_workflow_handle(workflow_id).describe()
        except RPCError:
            continue
        total += description.raw_description.workflow_execution_info.state_transition_count
    return total / len(order_ids)


@contextmanager
def bare_workers(address: str, shape: Shape) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a process that serves runs of this shape, and kill it at the end."""
    code = f"from tests.benchmark.{shape.bodies} import serve; serve({address!r})"
    process = subprocess.Popen([sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
