"""The sandbox executes again, for every run, the module of its own workflow alone: more would cost every order."""

import asyncio
import sys
from typing import Any

import pytest
from temporalio import workflow
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from workers.workflows.order import OrderWorkflow
from workers.workflows.shipping import ShippingWorkflow


class _KeepingRunner(SandboxedWorkflowRunner):
    """Keeps what it makes."""

    made: Any = None

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        made = super().create_instance(det)
        self.made = made
        return made


@pytest.mark.parametrize("run", [OrderWorkflow, ShippingWorkflow])
def test_a_run_executes_its_own_module_alone(run: type) -> None:
    runner = _KeepingRunner()

    async def prepare() -> None:
        runner.prepare_workflow(workflow._Definition.must_from_class(run))

    asyncio.run(prepare())
    executed = {
        name
        for name, module in runner.made.importer.new_modules.items()
        if module is not sys.modules.get(name) and name.partition(".")[0] in {"console", "orders", "workers"}
    }

    assert executed == {"workers", "workers.workflows", run.__module__}
