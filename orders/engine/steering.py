"""Has a step that is retried make its next attempt now, pauses it and resumes it.

A step is an activity of the order's run or of its shipment's that is among the pending ones. Every function here asks
the server where it is and raises StepNotPending where nothing is retried, TemporalAway, RunNotFound or OrderError.

A server loses the time limit of an attempt that is under way when its activity is paused: should the worker die, the
attempt never ends, and neither does the cancellation that waits for it. Resumed, it has its limit again. That is what
`free_ending_steps` is for. (Seen with server 1.32.)
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import PauseActivityRequest, UnpauseActivityRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from orders import contracts
from orders.engine import temporal
from orders.engine.pending import AT_CONSOLE
from orders.engine.temporal_client import RPC_TIMEOUT, call
from orders.errors import StepNotPending

# Paused or to be cancelled while an attempt is under way.
UNDER_WAY: Final = frozenset(
    {
        PendingActivityState.PENDING_ACTIVITY_STATE_PAUSE_REQUESTED,
        PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED,
    }
)


def retry_step(order_id: str, name: str, *, actor: str) -> None:
    """Have a step that waits for its next attempt make it now.

    It is paused and resumed for that. The server can also reset it, but then its attempts are counted from 1 again,
    while the order's history tells failures apart by their numbers.
    """

    async def retry(client: Client) -> None:
        workflow_id, activity = await _find(client, order_id, name)
        await _pause(client, workflow_id, activity, actor)
        await _resume(client, workflow_id, activity)

    call(retry, order_id=order_id)


def pause_step(order_id: str, name: str, *, actor: str) -> None:
    """Keep a step from being tried again; an attempt that is under way comes to its end."""

    async def pause(client: Client) -> None:
        workflow_id, activity = await _find(client, order_id, name)
        if not activity.paused:
            await _pause(client, workflow_id, activity, actor)

    call(pause, order_id=order_id)


def resume_step(order_id: str, name: str) -> None:
    """Have a paused step tried again, at once."""

    async def resume(client: Client) -> None:
        await _resume(client, *await _find(client, order_id, name, is_ending_too=True))

    call(resume, order_id=order_id)


def free_ending_steps(order_id: str) -> None:
    """Give the paused attempts of an order that is being cancelled their time limit again, so that they end."""

    async def free(client: Client) -> None:
        for workflow_id, activity in await _list_pending(client, order_id):
            if activity.paused and activity.state in UNDER_WAY:
                await _resume(client, workflow_id, activity)

    call(free, order_id=order_id)


async def _list_pending(client: Client, order_id: str) -> list[tuple[str, PendingActivityInfo]]:
    """Return the activities of the order's run and its shipment's, each with its run's workflow id."""
    order = await temporal.describe(client, order_id)
    found = [(order_id, activity) for activity in order.pending_activities]
    shipping_id = contracts.shipping_workflow_id(order_id)
    try:
        shipping = await temporal.describe(client, shipping_id)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return found
    return found + [(shipping_id, activity) for activity in shipping.pending_activities]


async def _find(
    client: Client, order_id: str, name: str, *, is_ending_too: bool = False
) -> tuple[str, PendingActivityInfo]:
    for workflow_id, activity in await _list_pending(client, order_id):
        is_ending = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
        if activity.activity_type.name == name and (is_ending_too or not is_ending):
            return workflow_id, activity
    raise StepNotPending


@contextmanager
def _telling_that_it_is_over() -> Iterator[None]:
    """Turn what the server says of an activity that has ended since it was looked for into StepNotPending."""
    try:
        yield
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise StepNotPending from error
        raise


async def _pause(client: Client, workflow_id: str, activity: PendingActivityInfo, actor: str) -> None:
    request = PauseActivityRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id),
        id=activity.activity_id,
        identity=f"{AT_CONSOLE}{actor}",
    )
    with _telling_that_it_is_over():
        await client.workflow_service.pause_activity(request, timeout=RPC_TIMEOUT)


async def _resume(client: Client, workflow_id: str, activity: PendingActivityInfo) -> None:
    request = UnpauseActivityRequest(
        namespace=client.namespace,
        execution=WorkflowExecution(workflow_id=workflow_id),
        id=activity.activity_id,
    )
    with _telling_that_it_is_over():
        await client.workflow_service.unpause_activity(request, timeout=RPC_TIMEOUT)
