"""A worker whose code was changed under runs that are under way, as somebody might who does not think of them.

    python -m tests.changed_workflow ADDRESS

It serves order-tq until it is stopped; its workflow asks for another step first than the histories say.
"""

import asyncio
import sys
from typing import Any

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from orders import contracts
from orders.contracts import StatusAnswer
from workers import steps
from workers.payloads import DATA_CONVERTER
from workers.workflows.order import OrderWorkflow
from workers.workflows.starting import start_step


@workflow.defn(name=contracts.ORDER_WORKFLOW)
class ForgetfulWorkflow(OrderWorkflow):
    """Validates before it receives, without `workflow.patched`."""

    @workflow.run
    async def run(self, *arguments: Any) -> StatusAnswer:
        order_id = workflow.info().workflow_id
        await start_step(steps.VALIDATE_ORDER, contracts.ValidateOrder(order_id, ""))
        return self.status()


async def _serve(address: str) -> None:
    client = await Client.connect(address, data_converter=DATA_CONVERTER)
    runner = UnsandboxedWorkflowRunner()
    worker = Worker(client, task_queue=contracts.ORDER_QUEUE, workflows=[ForgetfulWorkflow], workflow_runner=runner)
    await worker.run()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
