"""ShippingWorkflow ships an order: a child of its own, on its own task queue."""

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, CancelledError

with workflow.unsafe.imports_passed_through():
    import orders.contracts as contracts
    import workers.steps as steps
    from workers.inputs import read_shipping_input
    from workers.steps import AnswerT, ArgumentT, Step
    from workers.workflows.starting import start_step


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
