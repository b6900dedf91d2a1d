"""Looks at many runs at once, for the reconciler: which are open, how one ended, starting others.

One call serves a whole batch; a run about which the server says nothing is answered with an error of its own, so that
one does not stand for all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, HistoryEventFilterType
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    ListWorkflowExecutionsRequest,
    TerminateWorkflowExecutionRequest,
)
from temporalio.client import Client

from orders import contracts
from orders.engine import temporal, temporal_client
from orders.engine.failures import translate_failure
from orders.engine.temporal import PAUSED, Run
from orders.errors import OrderError, RunNotFound

T = TypeVar("T")

PAGE_SIZE: Final = 1000
# So many calls of a batch are under way at once, and so long may all of them take.
AT_ONCE: Final = 8
BATCH_SECONDS: Final = 30.0
LIST_TIMEOUT: Final = timedelta(seconds=5)
# The server names a run here whose workflow task has failed several times in a row.
PROBLEMS: Final = "TemporalReportedProblems"
CAUSE: Final = "cause="


@dataclass(frozen=True)
class OpenRun:
    """A run that is under way. `problem` is the server's code for why its workflow task keeps failing, if it does."""

    run_id: str
    is_paused: bool = False
    problem: str = ""


def list_open_runs() -> dict[str, OpenRun]:
    """Return all open runs of orders by order_id. The list may lag some seconds behind. Raises TemporalAway."""
    # No status is named, for not every server knows the status of a paused run.
    return {
        run.execution.workflow_id: OpenRun(run.execution.run_id, run.status == PAUSED, _read_problem(run))
        for run in _list_runs("CloseTime IS NULL")
    }


def list_closed_order_ids() -> set[str]:
    """Return the ids of all orders with a closed run, as far back as the server keeps them. Raises TemporalAway."""
    return {run.execution.workflow_id for run in _list_runs("CloseTime IS NOT NULL")}


def _list_runs(condition: str) -> Iterator[WorkflowExecutionInfo]:
    query = f"WorkflowType = '{contracts.ORDER_WORKFLOW}' AND {condition}"
    token = b""
    while True:

        async def read(client: Client, token: bytes = token) -> tuple[Sequence[WorkflowExecutionInfo], bytes]:
            request = ListWorkflowExecutionsRequest(
                namespace=client.namespace, query=query, page_size=PAGE_SIZE, next_page_token=token
            )
            page = await client.workflow_service.list_workflow_executions(request, retry=True, timeout=LIST_TIMEOUT)
            return page.executions, page.next_page_token

        executions, token = temporal_client.call(read, seconds=BATCH_SECONDS)
        yield from executions
        if not token:
            return


def describe_runs(order_ids: Sequence[str]) -> dict[str, Run | OrderError | None]:
    """Return the latest run of each order, None where Temporal knows none, an error where it does not say.

    Raises TemporalAway.
    """

    async def describe(client: Client, order_id: str) -> Run | None:
        try:
            return await temporal.read_run(client, order_id)
        except Exception as error:
            failure = translate_failure(error, order_id)
            if isinstance(failure, RunNotFound):
                return None
            raise failure from error

    return _for_each(order_ids, describe)


def start_orders(orders: Iterable[contracts.OrderInput]) -> dict[str, OrderError]:
    """Start a new run for each order, and return by order_id what went wrong with some. Raises TemporalAway."""
    inputs = {order.order_id: order for order in orders}

    async def start(client: Client, order_id: str) -> None:
        await temporal.start_run(client, inputs[order_id], is_restart=True)

    answers = _for_each(list(inputs), start)
    return {order_id: answer for order_id, answer in answers.items() if isinstance(answer, OrderError)}


def read_ending(order_id: str, run_id: str) -> contracts.StatusAnswer | None:
    """Return the last status answer of a run that ended in the ordinary way, None for any other; needs no worker.

    Raises TemporalAway, RunNotFound.
    """

    async def read(client: Client) -> contracts.StatusAnswer | None:
        request = GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=order_id, run_id=run_id),
            history_event_filter_type=HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        )
        answer = await client.workflow_service.get_workflow_execution_history(
            request, retry=True, timeout=temporal_client.RPC_TIMEOUT
        )
        for event in answer.history.events:
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
                payloads = event.workflow_execution_completed_event_attributes.result.payloads
                [result] = await client.data_converter.decode(payloads, [contracts.StatusAnswer])
                return result if isinstance(result, contracts.StatusAnswer) else None
        return None

    return temporal_client.call(read, order_id=order_id)


def terminate_run(order_id: str, run_id: str, reason: str) -> None:
    """End a run at once, without any clean-up: for one whose order has come to its end. Raises TemporalAway."""

    async def terminate(client: Client) -> None:
        request = TerminateWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=order_id, run_id=run_id),
            reason=reason,
        )
        await client.workflow_service.terminate_workflow_execution(
            request, retry=True, timeout=temporal_client.RPC_TIMEOUT
        )

    temporal_client.call(terminate, order_id=order_id)


def _for_each(order_ids: Sequence[str], ask: Callable[[Client, str], Awaitable[T]]) -> dict[str, T | OrderError]:
    """Return what `ask` answers for each order, or why it did not; few are asked at once. Raises TemporalAway."""

    async def ask_all(client: Client) -> list[T | BaseException]:
        places = asyncio.Semaphore(AT_ONCE)

        async def ask_one(order_id: str) -> T:
            async with places:
                return await ask(client, order_id)

        return await asyncio.gather(*(ask_one(order_id) for order_id in order_ids), return_exceptions=True)

    answers = temporal_client.call(ask_all, seconds=BATCH_SECONDS) if order_ids else []
    return {
        order_id: translate_failure(answer, order_id) if isinstance(answer, BaseException) else answer
        for order_id, answer in zip(order_ids, answers, strict=True)
    }


def _read_problem(run: WorkflowExecutionInfo) -> str:
    """Return the cause that the server gives, such as WorkflowTaskFailedCauseNonDeterministicError, or ''."""
    if PROBLEMS not in run.search_attributes.indexed_fields:
        return ""
    [reported] = temporal.PAYLOADS.from_payloads([run.search_attributes.indexed_fields[PROBLEMS]], [list[str]])
    causes = [problem.removeprefix(CAUSE) for problem in reported if problem.startswith(CAUSE)]
    return causes[0] if causes else "unknown"
