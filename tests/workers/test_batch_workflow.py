"""BatchWorkflow on the time-skipping server: it asks the row before every chunk, and goes on in a new run in time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from orders import contracts
from orders.contracts import ChunkDecided
from tests.programs import find_binary
from workers.payloads import DATA_CONVERTER
from workers.workflows import batch as batch_workflow
from workers.workflows.batch import BatchWorkflow

Act = Callable[[Client], Awaitable[None]]


class Row:
    """What the tables say of a batch: the answers to come, one for each chunk, the last one again and again."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.calls = 0
        self.is_asked = asyncio.Event()

    async def decide_chunk(self, argument: contracts.DecideChunk) -> ChunkDecided:
        self.calls += 1
        if self.states[0] == "PAUSED":
            self.is_asked.set()
        return ChunkDecided(self.states[0] if len(self.states) == 1 else self.states.pop(0), 50)


def carry_out(
    row: Row, act: Act | None = None, *, argument: Any = None, batch_id: str = "", **worker_options: Any
) -> ChunkDecided:
    """Run the workflow on a server of its own; `act` does what people do while it runs."""
    batch_id = batch_id or f"batch-{uuid4().hex[:12].upper()}"

    @activity.defn
    async def decide_chunk(argument: contracts.DecideChunk) -> ChunkDecided:
        return await row.decide_chunk(argument)

    async def perform() -> ChunkDecided:
        row.is_asked = asyncio.Event()
        path = find_binary("temporal-test-server")
        start = WorkflowEnvironment.start_time_skipping(test_server_existing_path=path, data_converter=DATA_CONVERTER)
        async with await start as environment:
            client = environment.client
            options: dict[str, Any] = {"activities": [decide_chunk], "max_cached_workflows": 0, **worker_options}
            async with Worker(client, task_queue=contracts.ORDER_QUEUE, workflows=[BatchWorkflow], **options):
                handle = await client.start_workflow(
                    contracts.BATCH_WORKFLOW,
                    contracts.BatchInput(batch_id) if argument is None else argument,
                    id=batch_id,
                    task_queue=contracts.ORDER_QUEUE,
                    start_signal=contracts.WAKE_SIGNAL,
                    result_type=ChunkDecided,
                )
                if act is not None:
                    await act(client)
                answer: ChunkDecided = await asyncio.wait_for(handle.result(), 60)
                return answer

    return asyncio.run(perform())


@pytest.mark.parametrize("end", ["DONE", "STOPPED"])
def test_it_decides_chunk_after_chunk_until_the_row_says_otherwise(end: str) -> None:
    row = Row("RUNNING", "RUNNING", end)
    assert carry_out(row) == ChunkDecided(end, 50)
    assert row.calls == 3


def test_it_waits_while_it_is_paused_and_asks_again_when_woken() -> None:
    row = Row("RUNNING", "PAUSED", "DONE")
    batch_id = "batch-PAUSED000000"

    async def wake(client: Client) -> None:
        await row.is_asked.wait()
        assert row.calls == 2
        await client.get_workflow_handle(batch_id).signal(contracts.WAKE_SIGNAL)

    assert carry_out(row, wake, batch_id=batch_id).state == "DONE"
    assert row.calls == 3


def test_a_long_batch_goes_on_in_a_new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox would import the number again, so this run is outside it."""
    runs: list[str] = []
    row = Row(*["RUNNING"] * 7, "DONE")
    monkeypatch.setattr(batch_workflow, "CHUNKS_OF_A_RUN", 3)
    decide_chunk = row.decide_chunk

    async def noting(argument: contracts.DecideChunk) -> ChunkDecided:
        runs.append(activity.info().workflow_run_id or "")
        return await decide_chunk(argument)

    monkeypatch.setattr(row, "decide_chunk", noting)
    assert carry_out(row, workflow_runner=UnsandboxedWorkflowRunner()).state == "DONE"
    assert [runs.count(run) for run in dict.fromkeys(runs)] == [3, 3, 2]


@pytest.mark.parametrize("argument", ["nonsense", {"batch_id": ""}, {}])
def test_what_cannot_be_meant_fails_at_once(argument: Any) -> None:
    row = Row("DONE")
    with pytest.raises(WorkflowFailureError):
        carry_out(row, argument=argument)
    assert row.calls == 0
