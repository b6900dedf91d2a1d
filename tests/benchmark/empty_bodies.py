"""A worker that serves the console's own workflows with activities that do nothing.

What is left is what Temporal, its SDK and the shape of the workflows cost; the console is measured against it.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from orders import contracts
from workers import steps, worker
from workers.payloads import DATA_CONVERTER
from workers.steps import Step

NAMESPACE: Final = "empty"
ANSWERS: Final[dict[str, Any]] = {
    "receive_order": contracts.OrderReceived("pay-1", 3600),
    "charge_payment": contracts.PaymentCharged("pay-1", 2500, "EUR", "sim-1"),
    "prepare_package": contracts.PackagePrepared("shipping-1", "package-1"),
    "dispatch_carrier": contracts.CarrierDispatched("shipping-1", "Parcel", "TRACK-1"),
    "complete_order": contracts.OrderCompleted(),
}


def empty(step: Step[Any, Any]) -> Callable[..., Any]:
    """Return an activity that answers as the console's does and does nothing."""

    def answer(argument: Any) -> Any:
        return ANSWERS.get(step.name)

    answer.__annotations__ = {"argument": step.argument, "return": step.answer}
    return activity.defn(name=step.name)(answer)


ACTIVITIES: Final[Sequence[Callable[..., Any]]] = [empty(step) for step in steps.STEPS.values()]


async def main(address: str) -> None:
    """Serve both queues until killed, with the console's own options."""
    client = await Client.connect(address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)
    with worker.worker_threads() as threads:
        running = [
            Worker(
                client,
                task_queue=queue,
                workflows=worker.WORKFLOWS[queue],
                activities=ACTIVITIES,
                activity_executor=threads.activities,
                workflow_task_executor=threads.workflows,
                max_concurrent_workflow_tasks=worker.WORKFLOW_TASK_SLOTS,
                max_cached_workflows=worker.CACHED_WORKFLOWS,
                max_concurrent_activities=worker.ACTIVITY_SLOTS // 2,
                max_concurrent_activity_task_polls=worker.ACTIVITY_POLLS,
                max_concurrent_local_activities=worker.LOCAL_ACTIVITY_SLOTS,
                sticky_queue_schedule_to_start_timeout=worker.STICKY_TIMEOUT,
            ).run()
            for queue in worker.QUEUES
        ]
        await asyncio.gather(*running)


def serve(address: str) -> None:
    """Be the process: `manage.py shell -c "from tests.benchmark.empty_bodies import serve; serve('…')"`."""
    sys.dont_write_bytecode = False
    asyncio.run(main(address))
