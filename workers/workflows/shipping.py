"""ShippingWorkflow ships an order: a child of its own, on its own task queue."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeAlias

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    CancelledError,
    WorkflowAlreadyStartedError,
)

with workflow.unsafe.imports_passed_through():
    import workers.steps as steps
    from orders import contracts
    from workers.inputs import read_shipping_input
    from workers.steps import AnswerT, ArgumentT, Step

ShippingHandle: TypeAlias = "workflow.ChildWorkflowHandle[ShippingWorkflow, contracts.CarrierDispatched]"

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


@workflow.defn(name=contracts.SHIPPING_WORKFLOW)
class ShippingWorkflow:
    """Packs an order and hands it to the carrier.

    It has no retry policy of its own: its activities are retried, and what they refuse stays refused.
    """

    @workflow.run
    async def run(self, *arguments: Any) -> contracts.CarrierDispatched:
        """Ship one order, a ShippingInput. Fails with ShippingRefused, or at once where there is nothing to ship."""
        shipping = read_shipping_input(arguments)
        package = await self._take_step(steps.PREPARE_PACKAGE, contracts.PreparePackage(shipping.order_id))
        return await self._take_step(
            steps.DISPATCH_CARRIER, contracts.DispatchCarrier(shipping.order_id, package.shipment_id)
        )

    async def _take_step(self, step: Step[ArgumentT, AnswerT], argument: ArgumentT) -> AnswerT:
        """Carry out a step, unless the shipping was cancelled before it or while it was retried."""
        # A step that succeeds although its cancellation was asked for swallows the request, so it is looked up here.
        if workflow.cancellation_reason() is not None:
            raise CancelledError("The shipping was cancelled.")
        try:
            return await start_step(step, argument)
        except ActivityError as error:
            if workflow.cancellation_reason() is not None:
                raise CancelledError("The shipping was cancelled.") from error
            raise


async def start_shipping(order_id: str, *, pause: Callable[[timedelta], Awaitable[None]]) -> ShippingHandle:
    """Start the child of an order; where the child of an earlier run is still ending, `pause` and try again."""
    span = RESTART
    while True:
        with suppress(WorkflowAlreadyStartedError):
            return await workflow.start_child_workflow(
                ShippingWorkflow.run,
                contracts.ShippingInput(order_id),
                id=contracts.shipping_workflow_id(order_id),
                task_queue=contracts.SHIPPING_QUEUE,
                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,
            )
        await pause(span)
        span = min(2 * span, RESTART_AT_LAST)
