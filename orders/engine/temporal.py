"""What is asked of the Temporal server about orders: start, signal, query, describe.

Whatever the SDK raises leaves as one of our own errors: TemporalAway, RunNotFound, RunPaused, CallRefused or a plain
OrderError.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    DescribeWorkflowExecutionResponse,
    QueryWorkflowRequest,
    ResetActivityRequest,
)
from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from orders import contracts
from orders.engine import search_attributes
from orders.engine.failures import translate_failure
from orders.engine.pending import PendingActivity, Progress, read_activities
from orders.engine.temporal_client import RPC_TIMEOUT, call
from orders.errors import OrderError, RunNotFound, RunPaused
from orders.texts import clean_message

logger = logging.getLogger(__name__)

# An attempt that asks about itself still has its work to do, in five seconds.
ATTEMPT_SECONDS: Final = 1.0
PAYLOADS: Final = DataConverter.default.payload_converter


class Ending(StrEnum):
    """How a run was closed; it is open or UNKNOWN to us otherwise."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"
    TIMED_OUT = "TIMED_OUT"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


ENDINGS: Final[Mapping[int, Ending]] = {
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED: Ending.COMPLETED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_FAILED: Ending.FAILED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED: Ending.TERMINATED,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TIMED_OUT: Ending.TIMED_OUT,
    WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED: Ending.CANCELLED,
}


RUNNING: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING


PAUSED: Final = WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED


@dataclass(frozen=True)
class Run:
    """The latest run of an order's workflow; `ending` is None while it is open.

    A paused run is open; `paused_since` is None where the server does not say. `failed_tasks` counts how often its
    workflow task has failed in a row.
    """

    run_id: str
    is_open: bool
    ending: Ending | None
    failed_tasks: int = 0
    is_paused: bool = False
    paused_since: datetime | None = None


def start_order(order: contracts.OrderInput, *, is_restart: bool = False) -> None:
    """Start the order's workflow; one that was started before is a success.

    `is_restart` allows a new run after an earlier one was closed. Raises TemporalAway.
    """
    call(lambda client: start_run(client, order, is_restart=is_restart), order_id=order.order_id)


async def start_run(client: Client, order: contracts.OrderInput, *, is_restart: bool) -> None:
    """Do what `start_order` does, with the client and on its loop. Raises what the SDK does."""
    if not await search_attributes.has_search_attributes(client):
        await _start_run(client, order, None, is_restart=is_restart)
        return
    described = search_attributes.describe_start(order)
    try:
        await _start_run(client, replace(order, has_search_attributes=True), described, is_restart=is_restart)
    except RPCError as error:
        if error.status != RPCStatusCode.INVALID_ARGUMENT:
            raise
        # They may have been removed since. Whatever else is wrong with the call is wrong with this one, too.
        await _start_run(client, order, None, is_restart=is_restart)
        logger.warning("%s: refused with search attributes, started without: %s", order.order_id, error.message)
        search_attributes.doubt_search_attributes(client)


async def _start_run(
    client: Client, order: contracts.OrderInput, attributes: TypedSearchAttributes | None, *, is_restart: bool
) -> None:
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
            search_attributes=attributes,
            static_summary=f"Order {order.order_id}",
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        logger.info("%s: already started", order.order_id)


def start_refund(refund: contracts.RefundInput) -> None:
    """Start the workflow of a refund; one that is running is a success, and one that has ended does nothing twice."""
    call(
        lambda client: client.start_workflow(
            contracts.REFUND_WORKFLOW,
            refund,
            id=f"refund-{refund.refund_key}",
            task_queue=contracts.ORDER_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"Refund of {refund.order_id}",
            rpc_timeout=RPC_TIMEOUT,
        ),
        order_id=refund.order_id,
    )


def wake_steps(workflow_id: str, *, order_id: str) -> bool:
    """Have the steps of a run that wait for their next attempt make it now, and tell whether the server can do that.

    Raises TemporalAway, RunNotFound, OrderError.
    """

    async def wake(client: Client) -> bool:
        execution = WorkflowExecution(workflow_id=workflow_id)
        request = ResetActivityRequest(namespace=client.namespace, execution=execution, match_all=True)
        try:
            await client.workflow_service.reset_activity(request, timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status == RPCStatusCode.UNIMPLEMENTED:
                return False
            raise
        return True

    return call(wake, order_id=order_id)


def signal_decision(order_id: str, name: str, decision: contracts.Decision | contracts.DeadlineExtended) -> None:
    """Send a decision, or that the deadline for it was extended, to the order's workflow.

    Raises TemporalAway, RunNotFound when no run is open, CallRefused.
    """

    async def signal(client: Client) -> None:
        await client.get_workflow_handle(order_id).signal(name, decision, rpc_timeout=RPC_TIMEOUT)

    call(signal, order_id=order_id)


def query_status(order_id: str) -> contracts.StatusAnswer:
    """Ask the order's workflow for its status. After a signal the answer contains what the signal changed.

    Raises TemporalAway (also when no worker answers), RunNotFound, RunPaused, OrderError when the workflow refuses the
    query or its answer cannot be read.
    """

    async def query(client: Client) -> contracts.StatusAnswer:
        # Not by the SDK's handle, which stumbles over a paused run's status.
        request = QueryWorkflowRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=order_id),
            query=WorkflowQuery(query_type=contracts.STATUS_QUERY),
        )
        try:
            response = await client.workflow_service.query_workflow(request, retry=True, timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status == RPCStatusCode.INVALID_ARGUMENT:
                sentence = _("The workflow of %(order_id)s could not answer: %(answer)s")
                raise OrderError(sentence % {"order_id": order_id, "answer": error.message}) from error
            raise
        if response.HasField("query_rejected"):
            run = await read_run(client, order_id)
            if run.is_paused:
                raise RunPaused(order_id, run.paused_since)
            sentence = _("The workflow of %(order_id)s cannot answer in its current state.")
            raise OrderError(sentence % {"order_id": order_id})
        answers = await client.data_converter.decode(response.query_result.payloads, [contracts.StatusAnswer])
        if not answers or not isinstance(answers[0], contracts.StatusAnswer):
            raise OrderError(_("The workflow of %(order_id)s did not answer.") % {"order_id": order_id})
        return clean_message(answers[0])

    return call(query, order_id=order_id)


def describe_progress(order_id: str) -> Progress:
    """Return what is being tried for the order and its shipment; needs no worker. Raises TemporalAway, RunNotFound."""

    async def describe_shipping(client: Client) -> DescribeWorkflowExecutionResponse | None:
        try:
            return await describe(client, contracts.shipping_workflow_id(order_id))
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return None

    async def look(client: Client) -> Progress:
        order, shipping = await asyncio.gather(describe(client, order_id), describe_shipping(client))
        return Progress(
            activities=read_activities(order) + (read_activities(shipping) if shipping else ()),
            is_shipping_paused=shipping is not None and shipping.workflow_execution_info.status == PAUSED,
        )

    return call(look, order_id=order_id)


def find_attempt(workflow_id: str, run_id: str, activity_id: str, *, order_id: str) -> PendingActivity | None:
    """Return what the server says of an activity of a run that is being tried, within the attempt that asks.

    None where it is not being tried any more. Raises TemporalAway, RunNotFound, OrderError.
    """

    async def look(client: Client) -> PendingActivity | None:
        activities = read_activities(await describe(client, workflow_id, run_id))
        return next((activity for activity in activities if activity.activity_id == activity_id), None)

    return call(look, order_id=order_id, seconds=ATTEMPT_SECONDS)


def describe_run(order_id: str) -> Run | None:
    """Return the latest run of the order's workflow, or None when Temporal knows none. Raises TemporalAway."""
    try:
        return call(lambda client: read_run(client, order_id), order_id=order_id)
    except RunNotFound:
        return None


def check_server() -> None:
    """Raise TemporalAway unless the server answers now and has the namespace, even where it was just found away."""

    async def check(client: Client) -> None:
        # Its own health check does not tell whether what is behind it works; that it does not know this run does.
        try:
            await describe(client, f"probe-{uuid4()}")
        except RPCError as error:
            if not isinstance(translate_failure(error, "probe"), RunNotFound):
                raise

    call(check, is_probe=True)


async def describe(client: Client, workflow_id: str, run_id: str = "") -> DescribeWorkflowExecutionResponse:
    """Return what the server says of a run, as it says it: the SDK's own reading fails for states it does not know.

    Without a `run_id` it is the latest one. Raises RPCError.
    """
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=workflow_id, run_id=run_id)
    )
    return await client.workflow_service.describe_workflow_execution(request, retry=True, timeout=RPC_TIMEOUT)


async def read_run(client: Client, order_id: str) -> Run:
    """Return the latest run of the order's workflow. Raises RPCError."""
    description = await describe(client, order_id)
    info, extended = description.workflow_execution_info, description.workflow_extended_info
    since = extended.pause_info.paused_time.ToDatetime(UTC) if extended.HasField("pause_info") else None
    is_open = info.status in {RUNNING, PAUSED}
    return Run(
        run_id=info.execution.run_id,
        is_open=is_open,
        ending=None if is_open else ENDINGS.get(info.status, Ending.UNKNOWN),
        failed_tasks=max(description.pending_workflow_task.attempt - 1, 0),
        is_paused=info.status == PAUSED,
        paused_since=since,
    )
