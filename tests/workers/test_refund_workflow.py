"""RefundWorkflow on the time-skipping server: it tries until the gateway has answered, and its input is checked."""

import asyncio
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from orders import contracts
from tests.programs import find_binary
from workers.payloads import DATA_CONVERTER
from workers.workflows.refund import RefundWorkflow

ASKED = contracts.RefundInput("ord-1", "request:form-1")


def carry_out(*answers: bool | Exception, argument: Any = ASKED) -> tuple[contracts.RefundGivenBack, int]:
    """Run the workflow; the step gives these answers, one after the other."""
    calls: list[contracts.RefundInput] = []

    @activity.defn
    async def give_back_refund(argument: contracts.RefundInput) -> contracts.RefundGivenBack:
        calls.append(argument)
        answer = answers[len(calls) - 1]
        if isinstance(answer, Exception):
            raise answer
        return contracts.RefundGivenBack(answer)

    async def perform() -> contracts.RefundGivenBack:
        path = find_binary("temporal-test-server")
        start = WorkflowEnvironment.start_time_skipping(test_server_existing_path=path, data_converter=DATA_CONVERTER)
        async with await start as environment:
            options: dict[str, Any] = {"activities": [give_back_refund], "max_cached_workflows": 0}
            queue = contracts.ORDER_QUEUE
            async with Worker(environment.client, task_queue=queue, workflows=[RefundWorkflow], **options):
                answer: contracts.RefundGivenBack = await environment.client.execute_workflow(
                    contracts.REFUND_WORKFLOW,
                    argument,
                    id="refund-request:form-1",
                    task_queue=queue,
                    result_type=contracts.RefundGivenBack,
                )
                return answer

    given_back = asyncio.run(perform())
    assert set(calls) == {ASKED}
    return given_back, len(calls)


@pytest.mark.parametrize("is_done", [True, False])
def test_it_ends_with_the_gateways_answer(is_done: bool) -> None:
    assert carry_out(is_done) == (contracts.RefundGivenBack(is_done), 1)


def test_it_is_tried_for_as_long_as_nobody_knows() -> None:
    assert carry_out(*[RuntimeError("No answer.")] * 30, True) == (contracts.RefundGivenBack(True), 31)


@pytest.mark.parametrize("argument", ["nonsense", {"order_id": "ord-1"}, {"refund_key": "request:form-1"}])
def test_a_run_with_a_wrong_argument_fails_at_once(argument: Any) -> None:
    with pytest.raises(WorkflowFailureError):
        carry_out(True, argument=argument)
