"""The worker process: both Temporal workers in one event loop, and beside them the relay and the reconciler.

It waits for a Temporal server that is not there yet, and outlives one that goes away. When it is told to stop, it
takes no more tasks, lets running activities end, and is gone within DRAIN_SECONDS.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import KeepAliveConfig, RPCError
from temporalio.worker import Worker

from orders import contracts
from orders.engine import reconcile, relay
from orders.engine.options import connect_arguments
from orders.engine.worker_health import HEARTBEAT, run_heartbeat, worker_identity
from orders.notifications.companion import run_mail, run_notices
from orders.schedules.companion import run_exports
from orders.webhooks.companion import run_webhooks
from workers.activities import JOB_ACTIVITIES, ORDER_ACTIVITIES, SHIPPING_ACTIVITIES
from workers.attempts import AttemptInterceptor
from workers.companions import Companions, Target
from workers.payloads import DATA_CONVERTER
from workers.sandbox import Sandbox
from workers.workflows.batch import BatchWorkflow
from workers.workflows.imports import ImportWorkflow
from workers.workflows.order import OrderWorkflow
from workers.workflows.refund import RefundWorkflow
from workers.workflows.shipping import ShippingWorkflow

logger = logging.getLogger(__name__)

QUEUES: Final = (contracts.ORDER_QUEUE, contracts.SHIPPING_QUEUE)
WORKFLOWS: Final[dict[str, Sequence[type]]] = {
    contracts.ORDER_QUEUE: (OrderWorkflow, BatchWorkflow, ImportWorkflow, RefundWorkflow),
    contracts.SHIPPING_QUEUE: (ShippingWorkflow,),
}
ACTIVITIES: Final[dict[str, Sequence[Callable[..., Any]]]] = {
    contracts.ORDER_QUEUE: (*ORDER_ACTIVITIES, *JOB_ACTIVITIES),
    contracts.SHIPPING_QUEUE: SHIPPING_ACTIVITIES,
}
COMPANIONS: Final[dict[str, Target]] = {
    "relay": relay.run_relay,
    "reconciler": reconcile.run_reconciler,
    "webhooks": run_webhooks,
    "notifier": run_notices,
    "mailer": run_mail,
    "exports": run_exports,
}

# Workflow tasks are Python at work, so more at once only wait for one another.
WORKFLOW_THREADS: Final = 8
# A task whose local activity waits for the outside world keeps its slot, but no thread.
WORKFLOW_TASK_SLOTS: Final = 24
# Runs that a queue's worker keeps in memory between their tasks, at some 0.2 MB each. With more the process grows to
# twice what it needs at rest. A run that is not among them is replayed from its history when it goes on.
CACHED_WORKFLOWS: Final = 150
# For all queues of a process; with the relay, the reconciler and a reserve they fit the pool of 40 connections.
ACTIVITY_SLOTS: Final = 24
LOCAL_ACTIVITY_SLOTS: Final = 8
# Each poll holds a slot, and an activity starts eagerly, which saves Temporal a commit, only where one is free.
ACTIVITY_POLLS: Final = 2
# After a worker died, its runs are taken over once their sticky tasks have waited this long.
STICKY_TIMEOUT: Final = timedelta(seconds=2)
# An attempt takes five seconds; this leaves time for four of them, and for its answer to be sent.
GRACEFUL_SHUTDOWN: Final = timedelta(seconds=20)
DRAIN_SECONDS: Final = 25.0
CONNECT_EVERY_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 15.0
RPC_TIMEOUT: Final = timedelta(seconds=5)
# A connection that a firewall has forgotten is given up once a ping has no answer. That costs a ping of a few bytes a
# connection; the server drops whoever pings more often than every 10 s (`frontend.keepAliveMinTime`).
KEEP_ALIVE: Final = KeepAliveConfig(interval_millis=11_000, timeout_millis=4_000)


class DrainTimeout(Exception):
    """The running tasks did not end within DRAIN_SECONDS."""


async def connect_patiently(stop: asyncio.Event) -> Client | None:
    """Return a client once the server answers and has the namespace; None when told to stop before."""
    complaint = ""
    while not stop.is_set():
        try:
            return await asyncio.wait_for(_connect(), CONNECT_SECONDS)
        except (RuntimeError, RPCError, TimeoutError) as error:  # a refused connection is a plain RuntimeError
            said = str(error) or "no answer"
            if said != complaint:
                complaint = said
                logger.warning("waiting for Temporal at %s: %s", settings.TEMPORAL_ADDRESS, " ".join(complaint.split()))
        await _wait(stop, CONNECT_EVERY_SECONDS)
    return None


async def _connect() -> Client:
    client = await Client.connect(
        **connect_arguments(),
        data_converter=DATA_CONVERTER,
        identity=worker_identity(),
        keep_alive_config=KEEP_ALIVE,
    )
    request = DescribeNamespaceRequest(namespace=settings.TEMPORAL_NAMESPACE)
    await client.workflow_service.describe_namespace(request, timeout=RPC_TIMEOUT)
    return client


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


@dataclass(frozen=True)
class Threads:
    """What all workers of a process share: threads for activities, and threads for workflow tasks."""

    activities: ThreadPoolExecutor
    workflows: ThreadPoolExecutor


@contextmanager
def worker_threads() -> Iterator[Threads]:
    """Yield the threads of a process, and wait at the end until they are done."""
    with (
        ThreadPoolExecutor(ACTIVITY_SLOTS + LOCAL_ACTIVITY_SLOTS, thread_name_prefix="activity") as activities,
        ThreadPoolExecutor(WORKFLOW_THREADS, thread_name_prefix="workflow") as workflows,
    ):
        yield Threads(activities, workflows)


def build_worker(client: Client, queue: str, threads: Threads, *, activity_slots: int) -> Worker:
    """Return the worker that serves one of the QUEUES, with its workflows and its activities."""
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS[queue],
        activities=ACTIVITIES[queue],
        activity_executor=threads.activities,
        workflow_task_executor=threads.workflows,
        workflow_runner=Sandbox(),
        interceptors=[AttemptInterceptor()],
        max_concurrent_workflow_tasks=WORKFLOW_TASK_SLOTS,
        max_cached_workflows=CACHED_WORKFLOWS,
        max_concurrent_activities=activity_slots,
        max_concurrent_activity_task_polls=ACTIVITY_POLLS,
        max_concurrent_local_activities=LOCAL_ACTIVITY_SLOTS,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACEFUL_SHUTDOWN,
    )


async def serve_queues(queues: Sequence[str], stop: asyncio.Event) -> None:
    """Serve `queues` until `stop` is set, then drain.

    Raises DrainTimeout when that takes too long, CompanionEnded, and what made a worker end unexpectedly.
    """
    companions = Companions()
    companions.start({HEARTBEAT: partial(run_heartbeat, queues=queues)})
    watching = asyncio.create_task(companions.watch())
    watching.add_done_callback(lambda _: stop.set())
    try:
        client = await connect_patiently(stop)
        if client is not None:
            companions.start(COMPANIONS)
            await _serve(client, queues, stop, companions)
    finally:
        companions.stop()
    companions.join()
    if watching.done():
        await watching
    watching.cancel()


async def _serve(client: Client, queues: Sequence[str], stop: asyncio.Event, companions: Companions) -> None:
    # The sandbox imports the workflows' modules again for each run, and would compile them each time as well.
    sys.dont_write_bytecode = False
    slots = ACTIVITY_SLOTS // len(queues)
    with worker_threads() as threads:
        workers = [build_worker(client, queue, threads, activity_slots=slots) for queue in queues]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        stopping = asyncio.create_task(stop.wait())
        logger.info("serving %s of Temporal at %s", " and ".join(queues), settings.TEMPORAL_ADDRESS)
        await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        companions.stop()
        await _drain(workers)
    await asyncio.gather(*running)


async def _drain(workers: Sequence[Worker]) -> None:
    """Let running tasks end. Raises DrainTimeout."""
    logger.info("draining, at most %g s", DRAIN_SECONDS)
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await asyncio.gather(*(worker.shutdown() for worker in workers))
    except TimeoutError as error:
        raise DrainTimeout(f"Running tasks did not end within {DRAIN_SECONDS:g} s.") from error
