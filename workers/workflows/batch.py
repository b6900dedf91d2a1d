"""BatchWorkflow decides many orders, a chunk at a time, for as long as the batch's row says that it runs."""

from typing import Any, Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import orders.contracts as contracts
    import workers.steps as steps
    from orders.states import BatchState
    from workers.inputs import read_batch_input
    from workers.workflows.starting import start_step

# Six events each; a run that has taken so many goes on in a new one, with a short history.
CHUNKS_OF_A_RUN: Final = 100


@workflow.defn(name=contracts.BATCH_WORKFLOW)
class BatchWorkflow:
    """One decision on many orders. It knows nothing but the batch's id: what there is to do is asked of the tables."""

    def __init__(self) -> None:
        self._is_woken = False

    @workflow.run
    async def run(self, *arguments: Any) -> contracts.ChunkDecided:
        """Carry out a batch, a BatchInput, until it is done or stopped."""
        batch = read_batch_input(arguments)
        chunks = 0
        while True:
            if chunks == CHUNKS_OF_A_RUN:
                workflow.continue_as_new(batch)
            chunks += 1
            # What wakes it from here on may be newer than the answer.
            self._is_woken = False
            answer = await start_step(steps.DECIDE_CHUNK, contracts.DecideChunk(batch.batch_id))
            if answer.state == BatchState.PAUSED:
                await workflow.wait_condition(lambda: self._is_woken)
            elif answer.state != BatchState.RUNNING:
                return answer

    @workflow.signal(name=contracts.WAKE_SIGNAL)
    def wake(self) -> None:
        """Ask the row again."""
        self._is_woken = True
