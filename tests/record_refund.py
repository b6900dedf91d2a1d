"""Records the history of a refund that is tried twice, which `test_replay.py` replays.

    python manage.py shell -c "from tests.record_refund import main; main()"

The file stays as it is while refunds with such histories may be open anywhere; see `record_histories.py`.
"""

import asyncio
from typing import Final

from temporalio import activity
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from orders import contracts
from tests.programs import find_binary
from tests.record_histories import write_history
from workers.payloads import DATA_CONVERTER
from workers.workflows.refund import RefundWorkflow

NAME: Final = "refund-tried-twice"


async def record() -> WorkflowHistory:
    """Carry out a refund whose first attempt the gateway does not answer."""
    calls: list[contracts.RefundInput] = []

    @activity.defn
    async def give_back_refund(argument: contracts.RefundInput) -> contracts.RefundGivenBack:
        calls.append(argument)
        if len(calls) == 1:
            raise RuntimeError("The gateway does not answer.")
        return contracts.RefundGivenBack(True)

    start = WorkflowEnvironment.start_local(
        dev_server_existing_path=find_binary("temporal"), dev_server_log_level="error", data_converter=DATA_CONVERTER
    )
    async with await start as environment:
        client, queue = environment.client, contracts.ORDER_QUEUE
        async with Worker(client, task_queue=queue, workflows=[RefundWorkflow], activities=[give_back_refund]):
            handle = await client.start_workflow(
                contracts.REFUND_WORKFLOW,
                contracts.RefundInput("order-REFUNDED0000", "request:form-1"),
                id=NAME,
                task_queue=queue,
            )
            await asyncio.wait_for(handle.result(), 30)
            return await handle.fetch_history()


def main() -> None:
    """Record the history and write its file."""
    write_history(asyncio.run(record()), NAME)
