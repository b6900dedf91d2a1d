"""ImportWorkflow on the time-skipping server: it checks, ends while a person looks, and submits once confirmed."""

import asyncio
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from orders import contracts
from orders.contracts import ImportAdvanced
from tests.programs import find_binary
from workers.payloads import DATA_CONVERTER
from workers.workflows import imports as import_workflow
from workers.workflows.imports import ImportWorkflow

IMPORT_ID = "import-000000000000"


class Row:
    """What the tables say of an import: the answers to come, one for each chunk, the last one again and again."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.calls: list[str] = []

    def answer(self) -> ImportAdvanced:
        return ImportAdvanced(self.states[0] if len(self.states) == 1 else self.states.pop(0), 50)


def carry_out(row: Row, argument: Any = None, *, wakes: bool = False, **worker_options: Any) -> ImportAdvanced:
    """Run the workflow on a server of its own; with `wakes`, somebody confirms while its last answer is on its way."""

    async def perform() -> ImportAdvanced:
        path = find_binary("temporal-test-server")
        start = WorkflowEnvironment.start_time_skipping(test_server_existing_path=path, data_converter=DATA_CONVERTER)
        async with await start as environment:
            client = environment.client

            @activity.defn
            async def import_chunk(argument: contracts.ImportChunk) -> ImportAdvanced:
                row.calls.append("chunk")
                if wakes and len(row.calls) == 1:
                    await client.get_workflow_handle(IMPORT_ID).signal(contracts.WAKE_SIGNAL)
                return row.answer()

            @activity.defn
            async def check_import(argument: contracts.CheckImport) -> ImportAdvanced:
                row.calls.append("check")
                return ImportAdvanced("CHECKED", 9)

            options: dict[str, Any] = {"max_cached_workflows": 0, **worker_options}
            async with Worker(
                client,
                task_queue=contracts.ORDER_QUEUE,
                workflows=[ImportWorkflow],
                activities=[import_chunk, check_import],
                **options,
            ):
                handle = await client.start_workflow(
                    contracts.IMPORT_WORKFLOW,
                    contracts.ImportInput(IMPORT_ID) if argument is None else argument,
                    id=IMPORT_ID,
                    task_queue=contracts.ORDER_QUEUE,
                    start_signal=contracts.WAKE_SIGNAL,
                    result_type=ImportAdvanced,
                )
                answer: ImportAdvanced = await asyncio.wait_for(handle.result(), 60)
                return answer

    return asyncio.run(perform())


def test_it_checks_and_ends_while_a_person_looks() -> None:
    row = Row("CHECKING", "CHECKED")
    assert carry_out(row).state == "CHECKED"
    assert row.calls == ["chunk", "check", "chunk"]


@pytest.mark.parametrize("end", ["DONE", "STOPPED"])
def test_it_submits_chunk_after_chunk_until_the_row_says_otherwise(end: str) -> None:
    row = Row("RUNNING", "RUNNING", end)
    assert carry_out(row) == ImportAdvanced(end, 50)
    assert row.calls == ["chunk"] * 3


def test_a_wake_during_its_last_step_is_not_overlooked() -> None:
    row = Row("CHECKED", "RUNNING", "DONE")
    assert carry_out(row, wakes=True).state == "DONE"


def test_a_long_import_goes_on_in_a_new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox would import the number again, so this run is outside it."""
    monkeypatch.setattr(import_workflow, "CHUNKS_OF_A_RUN", 3)
    row = Row(*["RUNNING"] * 7, "DONE")
    assert carry_out(row, workflow_runner=UnsandboxedWorkflowRunner()).state == "DONE"
    assert len(row.calls) == 8


@pytest.mark.parametrize("argument", ["nonsense", {"import_id": ""}, {}])
def test_what_cannot_be_meant_fails_at_once(argument: Any) -> None:
    row = Row("DONE")
    with pytest.raises(WorkflowFailureError):
        carry_out(row, argument)
    assert row.calls == []
