"""The memory of a worker process after many orders, with as many runs in its cache as it keeps, against its start."""

import os
from typing import Final

from django.conf import settings

from orders.engine import temporal_client
from orders.states import Status
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.machine import find_tree, memory_megabytes
from tests.benchmark.whole_orders import approve_orders, run_orders, submit_orders, wait_for_all
from tests.programs import free_port, temporal_process, workers_process
from workers.worker import CACHED_WORKFLOWS

MOST_ORDERS: Final = 5_000
BATCH: Final = 50


def measure(scale: Scale) -> list[Figure]:
    """Complete orders, leave as many waiting as the cache holds, and compare."""
    port, count = free_port(), min(scale.orders, MOST_ORDERS)
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{port}"
    with temporal_process(port), workers_process({**os.environ, "TEMPORAL_ADDRESS": settings.TEMPORAL_ADDRESS}) as run:
        run_orders(1)  # until then not everything is imported
        idle = memory_megabytes(find_tree(run.pid))
        for _ in range(0, count, BATCH):
            order_ids = submit_orders(BATCH)
            approve_orders(order_ids)
            wait_for_all(order_ids, Status.COMPLETED)
        waiting = submit_orders(CACHED_WORKFLOWS)
        wait_for_all(waiting, Status.PENDING_MANUAL_APPROVAL)
        full = memory_megabytes(find_tree(run.pid))
        temporal_client.close()
    return [
        Figure("memory of the workers with a full cache ÷ idle", full / idle, target="≤ 1.6"),
        Figure("memory of idle workers", idle, "MB"),
        Figure("memory of workers with a full cache", full, "MB"),
        Figure("runs that a queue's worker keeps in its cache", CACHED_WORKFLOWS),
        Figure("orders completed before", count),
    ]
