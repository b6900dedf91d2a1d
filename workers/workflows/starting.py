"""How the workflows start activities and the child.

No workflow stands here, so that the sandbox passes this module through and does not execute it again for every run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeAlias

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, FailureError, RetryState, WorkflowAlreadyStartedError

from orders import contracts
from workers import steps
from workers.failures import is_refusal
from workers.steps import AnswerT, ArgumentT, Step
from workers.workflows.patches import LOCALLY_FIRST, has_patch

ShippingHandle: TypeAlias = workflow.ChildWorkflowHandle[Any, contracts.CarrierDispatched]

# How soon a child that cannot start, because one of an earlier run is still ending, is tried again, at first and later.
RESTART: Final = timedelta(seconds=10)
RESTART_AT_LAST: Final = timedelta(minutes=5)


def start_step(step: Step[ArgumentT, AnswerT], argument: ArgumentT) -> workflow.ActivityHandle[AnswerT]:
    """Start an activity. When it is cancelled, it is waited for until it has really ended."""
    return workflow.start_activity(
        step.name,
        argument,
        result_type=step.answer,
        start_to_close_timeout=steps.START_TO_CLOSE,
        retry_policy=step.retry_policy,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def take_step(
    step: Step[ArgumentT, AnswerT],
    argument: ArgumentT,
    *,
    wait: Callable[["asyncio.Task[AnswerT]"], Awaitable[AnswerT]],
    before: Callable[[], None] | None = None,
) -> AnswerT:
    """Take a step as a local activity first, and as an ordinary one when that attempt fails.

    A local activity runs within the workflow task and saves Temporal four commits, but its attempts are seen nowhere
    and hold the task up. So it gets one attempt, and what does not succeed at once stands among the pending activities.
    `wait` waits for the one that is running; `before` is called before an ordinary one, which may take long.
    """
    if has_patch(LOCALLY_FIRST):
        try:
            return await wait(_start_locally(step, argument))
        except FailureError as error:
            if is_refusal(error):
                raise _refused(step.name) from error
    if before is not None:
        before()
    return await wait(start_step(step, argument))


def _refused(name: str) -> ActivityError:
    """Return what the SDK puts round the failure of an ordinary activity, and not round that of a local one."""
    return ActivityError(
        f"{name} was refused",
        scheduled_event_id=0,
        started_event_id=0,
        identity="",
        activity_type=name,
        activity_id="",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )


def _start_locally(step: Step[ArgumentT, AnswerT], argument: ArgumentT) -> workflow.ActivityHandle[AnswerT]:
    """Start one attempt within the workflow task. When it is cancelled, it is waited for until it has really ended."""
    return workflow.start_local_activity(
        step.name,
        argument,
        result_type=step.answer,
        schedule_to_start_timeout=steps.LOCAL_SCHEDULE_TO_START,
        start_to_close_timeout=steps.START_TO_CLOSE,
        retry_policy=RetryPolicy(maximum_attempts=1),
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def start_shipping(order_id: str, *, wait: Callable[["asyncio.Task[None]"], Awaitable[None]]) -> ShippingHandle:
    """Start the child of an order; where the child of an earlier run is still ending, `wait` a while and try again."""
    span = RESTART
    while True:
        with suppress(WorkflowAlreadyStartedError):
            return await workflow.start_child_workflow(
                contracts.SHIPPING_WORKFLOW,
                contracts.ShippingInput(order_id),
                result_type=contracts.CarrierDispatched,
                id=contracts.shipping_workflow_id(order_id),
                task_queue=contracts.SHIPPING_QUEUE,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            )
        await wait(asyncio.create_task(asyncio.sleep(span.total_seconds())))
        span = min(2 * span, RESTART_AT_LAST)
