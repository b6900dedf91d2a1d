"""RefundWorkflow gives back a part of a payment, beside the order's own run and also after its end."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import orders.contracts as contracts
    import workers.steps as steps
    from workers.inputs import read_refund_input
    from workers.workflows.starting import start_step


@workflow.defn(name=contracts.REFUND_WORKFLOW)
class RefundWorkflow:
    """One refund that a person asked for. It knows only its key: how much and of what is asked of the tables."""

    @workflow.run
    async def run(self, *arguments: Any) -> contracts.RefundGivenBack:
        """Carry out a refund, a RefundInput, until the gateway has given it back or refused it for good."""
        return await start_step(steps.GIVE_BACK_REFUND, read_refund_input(arguments))
