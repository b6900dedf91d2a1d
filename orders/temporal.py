"""The one door from the web and from commands to the Temporal server.

A Temporal client is not thread-safe, belongs to the event loop it first connected in and does not survive a fork. So a
process has one client, on one daemon thread with its own loop, connected on first use and made anew when the process
id changed. Callers are synchronous; every call ends within about four seconds, most failures within two.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeVar

from django.conf import settings
from temporalio.client import Client, RetryConfig, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RPCError, RPCStatusCode

from orders import contracts
from orders.errors import OrderError, RunNotFound, TemporalAway

logger = logging.getLogger(__name__)
T = TypeVar("T")

CONNECT_SECONDS: Final = 2.0
RPC_TIMEOUT: Final = timedelta(seconds=2)
CALL_SECONDS: Final = 4.0
# After a call found the server away, the next ones fail at once for this long instead of holding their threads.
REST_SECONDS: Final = 2.0
# Time for the SDK's own threads to end; without it a few of a hundred short processes crash at exit.
EXIT_PAUSE_SECONDS: Final = 0.25
FAST_RETRY: Final = RetryConfig(
    initial_interval_millis=50, max_interval_millis=300, max_elapsed_time_millis=1500, max_retries=5
)
NO_ANSWER: Final = frozenset(
    {
        RPCStatusCode.CANCELLED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNAVAILABLE,
    }
)
CLOSED_FROM_OUTSIDE: Final = {
    WorkflowExecutionStatus.TERMINATED: "was terminated",
    WorkflowExecutionStatus.TIMED_OUT: "ran out of its execution time",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.CANCELED: "was cancelled in Temporal",
}


@dataclass(frozen=True)
class PendingActivity:
    """An activity that is being tried: which attempt, what went wrong last, and when the next try is due."""

    name: str
    attempt: int
    last_failure: str
    next_attempt_at: datetime | None


@dataclass(frozen=True)
class Run:
    """The latest run of an order's workflow: `ending` is empty unless it was closed from outside."""

    run_id: str
    is_open: bool
    ending: str


class _Door:
    """The client of this process, with the thread and the loop that it lives in."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.away_until = 0.0
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="temporal-client", daemon=True)
        self._thread.start()

    async def client(self) -> Client:
        """Return the connected client. Raises TemporalAway."""
        async with self._connecting:
            if self._client is None:
                try:
                    self._client = await asyncio.wait_for(
                        Client.connect(
                            settings.TEMPORAL_ADDRESS,
                            namespace=settings.TEMPORAL_NAMESPACE,
                            retry_config=FAST_RETRY,
                            runtime=_runtime_of(self.pid),
                        ),
                        CONNECT_SECONDS,
                    )
                except (RuntimeError, TimeoutError, RPCError) as error:  # a refused connect is a plain RuntimeError
                    self.rest()
                    raise TemporalAway("The Temporal server cannot be reached.") from error
            return self._client

    def rest(self) -> None:
        """Fail at once for a moment: the server has just been found away."""
        self.away_until = time.monotonic() + REST_SECONDS

    def call(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Do `work` with the client, on the client's own loop. Raises TemporalAway, RunNotFound, OrderError."""
        if time.monotonic() < self.away_until:
            raise TemporalAway("The Temporal server cannot be reached.")
        future = asyncio.run_coroutine_threadsafe(self._work(work), self._loop)
        try:
            return future.result(CALL_SECONDS)
        except FutureTimeoutError as error:
            future.cancel()
            self.rest()
            raise TemporalAway("The Temporal server did not answer in time.") from error

    async def _work(self, work: Callable[[Client], Awaitable[T]]) -> T:
        client = await self.client()
        try:
            return await work(client)
        except RPCError as error:
            if error.status == RPCStatusCode.UNAVAILABLE:
                self.rest()
            if error.status in NO_ANSWER:
                raise TemporalAway(f"Temporal did not answer: {error.message}.") from error
            raise OrderError(f"Temporal refused the call: {error.message}.") from error

    def close(self) -> None:
        """Stop the loop and wait for its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=1)
        self._client = None
        time.sleep(EXIT_PAUSE_SECONDS)


@lru_cache(maxsize=1)
def _runtime_of(pid: int) -> Runtime:
    """Return the SDK's runtime of this process; like the client it does not survive a fork."""
    # Every failed call is told of here; what the SDK says besides, raw on stdout, is for those who look into the SDK.
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    return Runtime(telemetry=TelemetryConfig(logging=quiet))


_door: _Door | None = None
_opening = threading.Lock()


def _open_door() -> _Door:
    """Return the door of this very process: after a fork the parent's is of no use."""
    global _door  # noqa: PLW0603 - the one object per process that this module is about
    with _opening:
        if _door is None or _door.pid != os.getpid():
            _door = _Door()
        return _door


def _renew_lock_after_fork() -> None:
    """Let a child not inherit a lock that some thread of its parent held at the fork."""
    global _opening  # noqa: PLW0603
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock_after_fork)


def close() -> None:
    """Close the door, for a process that is about to end. Without an open door nothing happens."""
    global _door  # noqa: PLW0603
    with _opening:
        if _door is not None and _door.pid == os.getpid():
            _door.close()
        _door = None


def start_order(order: contracts.OrderInput, *, is_restart: bool = False) -> None:
    """Start the order's workflow; one that was started before is a success.

    `is_restart` allows a new run after an earlier one was closed. Raises TemporalAway.
    """

    async def start(client: Client) -> None:
        try:
            await client.start_workflow(
                contracts.ORDER_WORKFLOW,
                order,
                id=order.order_id,
                task_queue=contracts.ORDER_QUEUE,
                execution_timeout=timedelta(seconds=settings.ORDER_WORKFLOW_TIMEOUT),
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE
                if is_restart
                else WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"Order {order.order_id}",
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            logger.info("%s was started before", order.order_id)

    _open_door().call(start)


def signal_decision(order_id: str, name: str, decision: contracts.Decision) -> None:
    """Send a decision to the order's workflow. Raises TemporalAway, RunNotFound when no run is open."""

    async def signal(client: Client) -> None:
        await client.get_workflow_handle(order_id).signal(name, decision, rpc_timeout=RPC_TIMEOUT)

    _open_door().call(lambda client: _known(order_id, signal(client)))


def query_status(order_id: str) -> contracts.StatusAnswer:
    """Ask the order's workflow for its status. After a signal the answer contains what the signal changed.

    Raises TemporalAway (also when no worker answers), RunNotFound, OrderError when the workflow refuses the query.
    """

    async def query(client: Client) -> contracts.StatusAnswer:
        handle = client.get_workflow_handle(order_id)
        try:
            answer: contracts.StatusAnswer = await handle.query(
                contracts.STATUS_QUERY, result_type=contracts.StatusAnswer, rpc_timeout=RPC_TIMEOUT
            )
        except WorkflowQueryFailedError as error:
            raise OrderError(f"The workflow of {order_id} could not answer: {error}") from error
        return answer

    return _open_door().call(lambda client: _known(order_id, query(client)))


def describe_activities(order_id: str) -> tuple[PendingActivity, ...]:
    """Return what is being tried for the order and its shipment; needs no worker. Raises TemporalAway, RunNotFound."""

    async def describe(client: Client) -> tuple[PendingActivity, ...]:
        found = await _pending_activities(client, order_id)
        if found is None:
            raise RunNotFound(order_id)
        shipping = await _pending_activities(client, contracts.shipping_workflow_id(order_id)) or ()
        return found + shipping

    return _open_door().call(describe)


def describe_run(order_id: str) -> Run | None:
    """Return the latest run of the order's workflow, or None when Temporal knows none. Raises TemporalAway."""

    async def describe(client: Client) -> Run:
        description = await client.get_workflow_handle(order_id).describe(rpc_timeout=RPC_TIMEOUT)
        status = description.status
        return Run(
            run_id=description.run_id,
            is_open=status == WorkflowExecutionStatus.RUNNING,
            ending=CLOSED_FROM_OUTSIDE.get(status, "") if status else "",
        )

    try:
        return _open_door().call(lambda client: _known(order_id, describe(client)))
    except RunNotFound:
        return None


def list_closed_from_outside(since: datetime, *, limit: int = 1000) -> list[str]:
    """Return ids of order workflows that were terminated, timed out, failed or cancelled after `since`.

    The list may lag a second or two behind. Raises TemporalAway.
    """
    statuses = ", ".join(f"'{status}'" for status in ("Terminated", "TimedOut", "Failed", "Canceled"))
    query = (
        f"WorkflowType = '{contracts.ORDER_WORKFLOW}' AND ExecutionStatus IN ({statuses}) "
        f"AND CloseTime > '{since.astimezone(UTC).isoformat()}'"
    )

    async def read(client: Client) -> list[str]:
        found = client.list_workflows(query, page_size=limit, limit=limit, rpc_timeout=RPC_TIMEOUT)
        return [execution.id async for execution in found]

    return _open_door().call(read)


def check_server() -> None:
    """Raise TemporalAway unless the server answers and knows the namespace's workflows."""

    async def check(client: Client) -> None:
        await client.service_client.check_health(timeout=RPC_TIMEOUT)

    _open_door().call(check)


async def _known(order_id: str, work: Coroutine[Any, Any, T]) -> T:
    """Turn "no such workflow" into RunNotFound."""
    try:
        return await work
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise RunNotFound(order_id) from error
        raise


async def _pending_activities(client: Client, workflow_id: str) -> tuple[PendingActivity, ...] | None:
    """Return what the server says about activities under way, or None when it knows no such workflow."""
    try:
        description = await client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    return tuple(
        PendingActivity(
            name=activity.activity_type.name,
            attempt=activity.attempt,
            last_failure=activity.last_failure.message,
            next_attempt_at=activity.scheduled_time.ToDatetime(UTC) if activity.HasField("scheduled_time") else None,
        )
        for activity in description.raw_description.pending_activities
    )
