"""How the workflows start activities and the child.

No workflow stands here, so that the sandbox passes this module through and does not execute it again for every run.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeAlias

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError

from orders import contracts
from workers import steps
from workers.steps import AnswerT, ArgumentT, Step

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


async def start_shipping(order_id: str, *, pause: Callable[[timedelta], Awaitable[None]]) -> ShippingHandle:
    """Start the child of an order; where the child of an earlier run is still ending, `pause` and try again."""
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
        await pause(span)
        span = min(2 * span, RESTART_AT_LAST)
