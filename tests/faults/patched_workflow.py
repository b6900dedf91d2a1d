"""Tomorrow's workflow: one step more before the charge, behind `workflow.patched`."""

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import orders.contracts as contracts
    import workers.steps as steps
    from orders.contracts import StatusAnswer
    from workers.workflows.starting import start_step

from workers.workflows.order import OrderWorkflow

PATCH = "note-before-charging"


@workflow.defn(name=contracts.ORDER_WORKFLOW)
class PatchedWorkflow(OrderWorkflow):
    """Today's workflow with a change of the kind that CONTRIBUTING.md describes."""

    @workflow.run
    async def run(self, *arguments: Any) -> StatusAnswer:
        return await super().run(*arguments)

    async def _charge(self) -> bool:
        if workflow.patched(PATCH):
            info = workflow.info()
            await start_step(steps.RECEIVE_ORDER, contracts.ReceiveOrder(info.workflow_id, info.run_id))
        return await super()._charge()
