"""The workflows that the console is measured against as its forerunner: five ordinary activities, none started eagerly.

Their names are those of the console's, their bodies one upsert each (`forerunner_bodies`), and nothing else is written
down.
"""

from datetime import timedelta

from temporalio import workflow

ORDER = "ForerunnerOrder"
SHIPPING = "ForerunnerShipping"
ORDER_QUEUE = "forerunner-order-tq"
SHIPPING_QUEUE = "forerunner-shipping-tq"
ATTEMPT = timedelta(seconds=5)


async def _step(name: str, order_id: str) -> None:
    await workflow.execute_activity(name, order_id, start_to_close_timeout=ATTEMPT)


@workflow.defn(name=ORDER)
class ForerunnerOrder:
    """Receives, validates, waits for an approval, charges and ships."""

    def __init__(self) -> None:
        self._is_approved = False

    @workflow.run
    async def run(self, order_id: str) -> str:
        """Lead one order to its end."""
        await _step("receive_order", order_id)
        await _step("validate_order", order_id)
        await workflow.wait_condition(lambda: self._is_approved, timeout=timedelta(hours=1))
        await _step("charge_payment", order_id)
        await workflow.execute_child_workflow(
            SHIPPING, order_id, id=f"shipping-{order_id}", task_queue=SHIPPING_QUEUE, result_type=str
        )
        return "COMPLETED"

    @workflow.signal(name="approve_order")
    def approve_order(self) -> None:
        """Approve the order."""
        self._is_approved = True


@workflow.defn(name=SHIPPING)
class ForerunnerShipping:
    """Packs and dispatches."""

    @workflow.run
    async def run(self, order_id: str) -> str:
        """Ship one order."""
        await _step("prepare_package", order_id)
        await _step("dispatch_carrier", order_id)
        return "DISPATCHED"
