"""Records the history of an import that is checked and, woken just then, carried out; `test_replay.py` replays it.

    python manage.py shell -c "from tests.record_import import main; main()"

The file stays as it is while imports with such histories may be open anywhere; see `record_histories.py`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from temporalio import activity
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from orders import contracts
from orders.contracts import CheckImport, ImportAdvanced, ImportChunk, ImportInput
from tests.programs import find_binary
from tests.record_histories import write_history
from workers.payloads import DATA_CONVERTER
from workers.workflows.imports import ImportWorkflow

NAME: Final = "import-CHECKED00000"
STATES: Final = ("CHECKING", "CHECKED", "RUNNING", "DONE")


async def record() -> WorkflowHistory:
    """Check a file, and confirm the import just when its run is about to end."""
    states = iter(STATES)
    start = WorkflowEnvironment.start_local(
        dev_server_existing_path=find_binary("temporal"), dev_server_log_level="error", data_converter=DATA_CONVERTER
    )
    async with await start as environment:
        client = environment.client
        queue = contracts.ORDER_QUEUE

        @activity.defn
        async def import_chunk(argument: ImportChunk) -> ImportAdvanced:
            state = next(states)
            if state == "CHECKED":
                await client.get_workflow_handle(NAME).signal(contracts.WAKE_SIGNAL)
            return ImportAdvanced(state, 50)

        @activity.defn
        async def check_import(argument: CheckImport) -> ImportAdvanced:
            return ImportAdvanced("CHECKED", 50)

        activities: list[Callable[..., Any]] = [import_chunk, check_import]
        async with Worker(client, task_queue=queue, workflows=[ImportWorkflow], activities=activities):
            handle = await client.start_workflow(
                contracts.IMPORT_WORKFLOW,
                ImportInput(NAME),
                id=NAME,
                task_queue=queue,
                start_signal=contracts.WAKE_SIGNAL,
            )
            await asyncio.wait_for(handle.result(), 30)
            return await handle.fetch_history()


def main() -> None:
    """Record the history and write its file."""
    write_history(asyncio.run(record()), NAME)
