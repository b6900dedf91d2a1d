"""A worker that serves the workflows of `forerunner_shape`, with one upsert an activity."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from django.db import connection
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from tests.benchmark import forerunner_shape
from workers import worker

NAMESPACE: Final = "forerunner"
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS forerunner_order (order_id text PRIMARY KEY, status text, updated_at timestamptz)"
)
UPSERT: Final = """
INSERT INTO forerunner_order (order_id, status, updated_at) VALUES (%s, %s, now())
ON CONFLICT (order_id) DO UPDATE SET status = EXCLUDED.status, updated_at = now()
"""
STEPS: Final = ("receive_order", "validate_order", "charge_payment", "prepare_package", "dispatch_carrier")


def upserting(name: str) -> Callable[..., Any]:
    """Return the activity of this name."""

    def write(order_id: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(UPSERT, [order_id, name])

    return activity.defn(name=name)(write)


ACTIVITIES: Final[Sequence[Callable[..., Any]]] = [upserting(name) for name in STEPS]


async def main(address: str) -> None:
    """Serve both queues until killed, with the console's number of slots."""
    client = await Client.connect(address, namespace=NAMESPACE)
    served = {
        forerunner_shape.ORDER_QUEUE: forerunner_shape.ForerunnerOrder,
        forerunner_shape.SHIPPING_QUEUE: forerunner_shape.ForerunnerShipping,
    }
    with ThreadPoolExecutor(worker.ACTIVITY_SLOTS) as threads:
        running = [
            Worker(
                client,
                task_queue=queue,
                workflows=[workflow],
                activities=ACTIVITIES,
                activity_executor=threads,
                max_concurrent_workflow_tasks=worker.WORKFLOW_THREADS,
                max_concurrent_activities=worker.ACTIVITY_SLOTS // 2,
                disable_eager_activity_execution=True,
            ).run()
            for queue, workflow in served.items()
        ]
        await asyncio.gather(*running)


def serve(address: str) -> None:
    """Be the process: `manage.py shell -c "from tests.benchmark.forerunner_bodies import serve; serve('…')"`."""
    sys.dont_write_bytecode = False
    asyncio.run(main(address))
