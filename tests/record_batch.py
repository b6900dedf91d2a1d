"""Records the history of a batch that is paused and resumed, which `test_replay.py` replays.

    python manage.py shell -c "from tests.record_batch import main; main()"

The file stays as it is while batches with such histories may be open anywhere; see `record_histories.py`.
"""

import asyncio
from typing import Final

from temporalio import activity
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from orders import contracts
from orders.contracts import BatchInput, ChunkDecided, DecideChunk
from tests.programs import find_binary
from tests.record_histories import write_history
from workers.payloads import DATA_CONVERTER
from workers.workflows.batch import BatchWorkflow

NAME: Final = "batch-PAUSED000000"
STATES: Final = ("RUNNING", "PAUSED", "RUNNING", "DONE")


async def wait_for_pause(handle: WorkflowHandle[object, object]) -> None:
    """Return once the workflow has read that it is paused, and waits."""
    while True:
        events = (await handle.fetch_history()).events
        answers = [event for event in events if event.HasField("activity_task_completed_event_attributes")]
        if len(answers) == 2 and events[-1].HasField("workflow_task_completed_event_attributes"):
            return
        await asyncio.sleep(0.05)


async def record() -> WorkflowHistory:
    """Carry out a batch of four chunks, and wake it from its pause."""
    states = iter(STATES)

    @activity.defn
    async def decide_chunk(argument: DecideChunk) -> ChunkDecided:
        return ChunkDecided(next(states), 50)

    start = WorkflowEnvironment.start_local(
        dev_server_existing_path=find_binary("temporal"), dev_server_log_level="error", data_converter=DATA_CONVERTER
    )
    async with await start as environment:
        client = environment.client
        queue = contracts.ORDER_QUEUE
        async with Worker(client, task_queue=queue, workflows=[BatchWorkflow], activities=[decide_chunk]):
            handle = await client.start_workflow(
                contracts.BATCH_WORKFLOW,
                BatchInput(NAME),
                id=NAME,
                task_queue=queue,
                start_signal=contracts.WAKE_SIGNAL,
            )
            await asyncio.wait_for(wait_for_pause(handle), 30)
            await handle.signal(contracts.WAKE_SIGNAL)
            await asyncio.wait_for(handle.result(), 30)
            return await handle.fetch_history()


def main() -> None:
    """Record the history and write its file."""
    write_history(asyncio.run(record()), NAME)
