"""Recorded histories of every way still replay, so that a change of the workflows breaks no run that is under way."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from tests import record_batch, record_import, record_refund
from tests.changed_workflow import ForgetfulWorkflow
from tests.record_histories import FOLDER, LONG_SCRIPTS, SCRIPTS
from workers.workflows.batch import BatchWorkflow
from workers.workflows.imports import ImportWorkflow
from workers.workflows.order import OrderWorkflow
from workers.workflows.refund import RefundWorkflow
from workers.workflows.shipping import ShippingWorkflow

HISTORIES = sorted(FOLDER.glob("*.json"))


def _read(path: Path) -> WorkflowHistory:
    # A replay takes the workflow id from here, and the run insists on its own.
    if path.stem.startswith(("batch-", "import-", "refund-")):
        return WorkflowHistory.from_json(path.stem, path.read_text())
    way, _, is_shipping = path.stem.partition(".")
    return WorkflowHistory.from_json(f"{'shipping-' * bool(is_shipping)}order-{way}", path.read_text())


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[OrderWorkflow, ShippingWorkflow, BatchWorkflow, ImportWorkflow, RefundWorkflow])

    asyncio.run(replayer.replay_workflow(_read(path)))


def test_every_way_has_its_history() -> None:
    names = {path.stem for path in HISTORIES}

    assert {way.__name__.replace("_", "-") for way in (*SCRIPTS, *LONG_SCRIPTS)} <= names
    assert {record_batch.NAME, record_import.NAME, record_refund.NAME} <= names
    assert {"approved.shipping", "cancelled-after-the-charge.shipping", "shipping-failed.shipping"} <= names


def test_a_workflow_task_that_ends_right_after_a_local_activity_is_among_the_histories() -> None:
    """A patch that is asked for in the next task is one that the SDK does not find."""
    events: list[dict[str, Any]] = json.loads((FOLDER / "asked-meanwhile.json").read_text())["events"]
    kinds = [event["eventType"].removeprefix("EVENT_TYPE_") for event in events]

    assert kinds[9:13] == [
        *("WORKFLOW_TASK_COMPLETED", "MARKER_RECORDED", "WORKFLOW_TASK_SCHEDULED", "WORKFLOW_TASK_STARTED")
    ]


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_a_history_notices_mismatches(path: Path) -> None:
    """Without the SDK's first flag a mismatch in an activity's name would pass unseen."""
    events: list[dict[str, Any]] = json.loads(path.read_text())["events"]
    completed = [event[key] for event in events for key in event if key == "workflowTaskCompletedEventAttributes"]

    assert 1 in completed[0]["sdkMetadata"]["coreUsedFlags"]


def test_an_incompatible_change_is_caught() -> None:
    replayer = Replayer(workflows=[ForgetfulWorkflow], workflow_runner=UnsandboxedWorkflowRunner())

    with pytest.raises(workflow.NondeterminismError, match="receive_order"):
        asyncio.run(replayer.replay_workflow(_read(FOLDER / "approved.json")))
