"""Replays live runs against the code that is installed here, before a deployment: does it still fit their histories?

Nothing is executed or changed. A run whose history does not fit would stand still once this code serves it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import ListWorkflowExecutionsRequest
from temporalio.client import Client
from temporalio.worker import Replayer

from orders import contracts
from orders.engine.options import connect_arguments
from workers.payloads import DATA_CONVERTER
from workers.worker import WORKFLOWS

PAGE_SIZE: Final = 200
TIMEOUT: Final = timedelta(seconds=10)
OURS: Final = f"(WorkflowType = '{contracts.ORDER_WORKFLOW}' OR WorkflowType = '{contracts.SHIPPING_WORKFLOW}')"


@dataclass(frozen=True)
class Mismatch:
    """A run whose history does not fit the code, and what the SDK says of it."""

    workflow_id: str
    run_id: str
    problem: str


@dataclass(frozen=True)
class Replay:
    """How many runs were replayed, and which do not fit."""

    runs: int
    mismatches: tuple[Mismatch, ...]


async def replay_runs(since: datetime | None = None) -> Replay:
    """Replay all open runs and, where `since` is given, also the closed ones that began after it."""
    client = await Client.connect(**connect_arguments(), data_converter=DATA_CONVERTER)
    replayer = Replayer(
        workflows=[each for served in WORKFLOWS.values() for each in served], data_converter=DATA_CONVERTER
    )
    count, mismatches = 0, []
    async for run in _list_runs(client, since):
        workflow_id, run_id = run.execution.workflow_id, run.execution.run_id
        history = await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        count += 1
        if result.replay_failure is not None:
            mismatches.append(Mismatch(workflow_id, run_id, " ".join(str(result.replay_failure).split())))
    return Replay(count, tuple(mismatches))


async def _list_runs(client: Client, since: datetime | None) -> AsyncIterator[WorkflowExecutionInfo]:
    """Yield runs as the server lists them: the SDK's own list stumbles over a paused one."""
    condition = "CloseTime IS NULL" if since is None else f"(CloseTime IS NULL OR StartTime >= '{since.isoformat()}')"
    token = b""
    while True:
        request = ListWorkflowExecutionsRequest(
            namespace=client.namespace, query=f"{OURS} AND {condition}", page_size=PAGE_SIZE, next_page_token=token
        )
        page = await client.workflow_service.list_workflow_executions(request, retry=True, timeout=TIMEOUT)
        for run in page.executions:
            yield run
        token = page.next_page_token
        if not token:
            return
