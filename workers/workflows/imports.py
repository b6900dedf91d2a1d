"""ImportWorkflow checks a file of orders and, once somebody has confirmed it, submits its orders chunk after chunk."""

from typing import Any, Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import orders.contracts as contracts
    import workers.steps as steps
    from orders.states import ImportState
    from workers.inputs import read_import_input
    from workers.workflows.starting import start_step

# Six events each; a run that has taken so many goes on in a new one, with a short history.
CHUNKS_OF_A_RUN: Final = 100


@workflow.defn(name=contracts.IMPORT_WORKFLOW)
class ImportWorkflow:
    """The orders of a file. It knows nothing but the import's id: what there is to do is asked of the tables.

    A run ends when there is nothing to do, as while a person looks at what the check has found; the next thing to do
    starts another one.
    """

    def __init__(self) -> None:
        self._is_woken = False

    @workflow.run
    async def run(self, *arguments: Any) -> contracts.ImportAdvanced:
        """Do what is to be done for an import, an ImportInput."""
        importing = read_import_input(arguments)
        chunks = 0
        while True:
            if chunks == CHUNKS_OF_A_RUN:
                workflow.continue_as_new(importing)
            chunks += 1
            # What wakes it from here on may be newer than the answer.
            self._is_woken = False
            answer = await start_step(steps.IMPORT_CHUNK, contracts.ImportChunk(importing.import_id))
            if answer.state == ImportState.CHECKING:
                await self._check(importing)
            elif answer.state != ImportState.RUNNING and not self._is_woken:
                return answer

    async def _check(self, importing: contracts.ImportInput) -> None:
        """Have the file read to its end, which takes a while; what is missing after an attempt, the next one does."""
        await workflow.execute_activity(
            steps.CHECK_IMPORT.name,
            contracts.CheckImport(importing.import_id),
            result_type=steps.CHECK_IMPORT.answer,
            start_to_close_timeout=steps.CHECK_START_TO_CLOSE,
            heartbeat_timeout=steps.CHECK_HEARTBEAT,
            retry_policy=steps.CHECK_IMPORT.retry_policy,
        )

    @workflow.signal(name=contracts.WAKE_SIGNAL)
    def wake(self) -> None:
        """Ask the row again."""
        self._is_woken = True
