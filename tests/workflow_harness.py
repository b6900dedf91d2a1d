"""A harness for workflows: the time-skipping server, both workers, and activities that act as a test tells them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import uuid4

from temporalio import activity
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from orders import contracts
from orders.contracts import SEARCH_ATTRIBUTES, OrderInput, StatusAnswer
from orders.events import IMMEDIATE
from tests.waiting import wait_until
from workers import steps
from workers.payloads import DATA_CONVERTER
from workers.workflows.order import OrderWorkflow
from workers.workflows.shipping import ShippingWorkflow

T = TypeVar("T")
Act = Callable[[Any, int], Awaitable[Any]]

SECONDS: Final = 60
ANSWERS: Final[dict[str, Any]] = {
    "receive_order": contracts.OrderReceived("pay-of-the-row"),
    "validate_order": contracts.OrderValidated(),
    "confirm_deadline": contracts.DeadlineConfirmed(),
    "remind_approvers": contracts.ApproversReminded(),
    "charge_payment": contracts.PaymentCharged("pay-1", 2500, "EUR", "sim-1"),
    "refund_payment": contracts.PaymentRefunded("pay-1", 2500, "EUR"),
    "prepare_package": contracts.PackagePrepared("shipping-1", "package-1"),
    "dispatch_carrier": contracts.CarrierDispatched("shipping-1", "Simulated Parcel", "SP1"),
    "complete_order": contracts.OrderCompleted(),
    "process_cancellation": contracts.CancellationProcessed(),
}


@dataclass(frozen=True)
class _Hold:
    holds_local: bool
    released: asyncio.Event = field(default_factory=asyncio.Event)


class ScriptedOrder:
    """One order on the harness: what its activities are told to do, and what they were asked."""

    def __init__(self, harness: "WorkflowHarness", order_id: str = "") -> None:
        self.order_id = order_id or f"order-{uuid4().hex[:12]}"
        self.calls: list[tuple[str, Any]] = []
        self._acts: dict[str, Act] = {}
        self._holds: dict[str, _Hold] = {}
        self._places: dict[tuple[str, str, int], int] = {}
        self._harness = harness
        harness.orders[self.order_id] = self

    def refuse(self, name: str, error_type: str, sentence: str) -> None:
        """Have an activity refuse for good."""
        self._acts[name] = _refusing(error_type, sentence)

    def fail(self, name: str, times: int) -> None:
        """Have the first attempts of an activity fail."""
        self._acts[name] = _failing(name, times)

    def hang(self, name: str, times: int) -> None:
        """Have the first attempts of an activity take longer than they may."""
        self._acts[name] = _hanging(name, times)

    def answer(self, name: str, answer: Any) -> None:
        """Have an activity give another answer."""
        self._acts[name] = _answering(answer)

    def answer_by(self, name: str, judge: Callable[[Any], Any]) -> None:
        """Have an activity answer what `judge` makes of its argument."""
        self._acts[name] = _judging(judge)

    def hold(self, name: str, *, locally: bool = False) -> None:
        """Keep an activity from ending until `release`: one that Temporal knows of, or (`locally`) a local one too.

        While a local one is held, so is the workflow task: the run hears no signal and answers no query.
        """
        self._holds[name] = _Hold(locally)

    def release(self, name: str) -> None:
        """Let a held activity go on."""
        self._harness.loop.call_soon_threadsafe(self._holds[name].released.set)

    async def act(self, name: str, argument: Any) -> Any:
        """Be the activity `name` for this order."""
        is_local = activity.info().is_local
        hold = self._holds.get(name)
        if is_local and hold is not None and not hold.holds_local:
            raise ApplicationError("It takes longer than a workflow task should.")
        self._note(name, argument)
        if hold is not None:
            await hold.released.wait()
        if name in self._acts:
            return await self._acts[name](argument, IMMEDIATE if is_local else activity.info().attempt)
        return ANSWERS[name]

    def _note(self, name: str, argument: Any) -> None:
        """Note a call, once: a workflow task that is done again makes its local calls again, and the last counts."""
        info = activity.info()
        call = (info.workflow_run_id or "", info.activity_id, info.attempt)
        place = self._places.setdefault(call, len(self.calls))
        self.calls[place : place + 1] = [(name, argument)]

    def start(self, **changes: Any) -> None:
        """Start the order's workflow."""
        order = OrderInput(**{"order_id": self.order_id, "payment_id": "pay-1"} | changes)
        client = self._harness.client
        # Only the handle that a start returns skips time.
        self.handle: WorkflowHandle[Any, StatusAnswer] = self._harness.run(
            client.start_workflow(OrderWorkflow.run, order, id=self.order_id, task_queue=contracts.ORDER_QUEUE)
        )

    def started_at(self) -> datetime:
        """Return when the run began, by the server's clock, which may be ahead of ours."""
        return self._harness.run(self.handle.describe()).start_time

    def approve(self, *decision: object) -> StatusAnswer:
        """Send an approval and return the status after it."""
        self._harness.run(self.handle.signal("approve_order", args=decision))
        return self.status()

    def cancel(self, *decision: object) -> StatusAnswer:
        """Send a cancellation and return the status after it."""
        self._harness.run(self.handle.signal("cancel_order", args=decision))
        return self.status()

    def extend(self) -> StatusAnswer:
        """Send that the deadline was extended, which proves nothing, and return the status after it."""
        self._harness.run(self.handle.signal(contracts.EXTEND_SIGNAL, contracts.DeadlineExtended("2099-01-01", "erik")))
        return self.status()

    def cancel_run(self) -> None:
        """Have Temporal cancel the run itself, and wait until the workflow knows."""
        self._harness.run(self.handle.cancel())
        wait_until(lambda: self.status().cancelled, what="the request")

    def signal(self, name: str, decision: contracts.Decision) -> None:
        """Send a decision, and ask nothing."""
        self._harness.run(self.handle.signal(name, decision))

    def status(self) -> StatusAnswer:
        """Query the workflow."""
        return self._harness.run(self.handle.query(OrderWorkflow.status))

    def raw_status(self) -> dict[str, Any]:
        """Query the workflow as a program would that does not know our classes."""
        answer: dict[str, Any] = self._harness.run(self.handle.query(contracts.STATUS_QUERY))
        return answer

    def details(self) -> str:
        """Return what Temporal's Web UI says of the run."""
        query = self.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        metadata: WorkflowMetadata = self._harness.run(query)
        return metadata.current_details

    def wait_for(self, waiting_for: str) -> None:
        """Wait until the order waits for this."""
        wait_until(lambda: self.status().waiting_for == waiting_for, what=f"waiting for {waiting_for}")

    def wait_for_call(self, name: str, times: int = 1) -> None:
        """Wait until an activity was called so many times."""
        wait_until(lambda: self.names.count(name) >= times, what=f"a call of {name}")

    def wait_until_shipping_stops(self) -> None:
        """Wait until the child knows that it is cancelled; its activity goes on.

        The time-skipping server, unlike the real one, stumbles when an activity ends just as its end is asked for.
        """
        shipping = self._harness.client.get_workflow_handle(contracts.shipping_workflow_id(self.order_id))
        is_told = partial(self._harness.has_event, shipping, "activity_task_cancel_requested")
        wait_until(is_told, what="the request")

    def result(self) -> StatusAnswer:
        """Return the workflow's result, skipping time until it ends."""
        return self._harness.run(self.handle.result())

    def has_ended(self) -> bool:
        """Tell whether the run is over."""
        return self._harness.run(self.handle.describe()).close_time is not None

    @property
    def names(self) -> list[str]:
        """The names of the activities that were called, in order."""
        return [name for name, _ in self.calls]

    def argument(self, name: str) -> Any:
        """Return the argument of the latest call of an activity."""
        return next(argument for called, argument in reversed(self.calls) if called == name)


class WorkflowHarness:
    """The server and its workers, in a loop of their own; what is called here waits for the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client) -> None:
        self.loop = loop
        self.client = client
        self.orders: dict[str, ScriptedOrder] = {}

    def run(self, work: "Coroutine[Any, Any, T] | Awaitable[T]") -> T:
        """Do `work` in the harness's loop and return its result."""

        async def do() -> T:
            return await work

        future: Future[T] = asyncio.run_coroutine_threadsafe(do(), self.loop)
        try:
            return future.result(SECONDS)
        except TimeoutError:
            future.cancel()  # or it would go on skipping time under the next test
            raise

    def has_event(self, handle: "WorkflowHandle[Any, Any]", name: str) -> bool:
        """Tell whether the workflow's history has an event of this kind."""
        history = self.run(handle.fetch_history())
        return any(event.HasField(f"{name}_event_attributes") for event in history.events)  # type: ignore[arg-type]

    def activity(self, name: str) -> Callable[..., Any]:
        """Return the activity `name`, which acts as the order's order says."""

        async def act(argument: Any) -> Any:
            return await self.orders[argument.order_id].act(name, argument)

        # The SDK reads from the annotations what to make of the JSON.
        act.__annotations__["argument"] = steps.STEPS[name].argument
        return activity.defn(name=name)(act)

    @asynccontextmanager
    async def workers(self, names: Sequence[str] = tuple(ANSWERS)) -> Any:
        """Have both workers at work, with these activities."""
        # Nothing is cached, so each workflow task replays all before it: what is not deterministic fails here.
        options: dict[str, Any] = {
            "activities": [self.activity(name) for name in names],
            "max_cached_workflows": 0,
        }
        async with (
            Worker(self.client, task_queue="order-tq", workflows=[OrderWorkflow], **options),
            Worker(self.client, task_queue="shipping-tq", workflows=[ShippingWorkflow], **options),
        ):
            yield


def start_harness(server_path: str) -> AbstractContextManager[WorkflowHarness]:
    """Start the time-skipping server and both workers, and stop them again."""
    start = WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server_path, data_converter=DATA_CONVERTER
    )
    return run_harness(start)


def start_listing_harness(server_path: str) -> AbstractContextManager[WorkflowHarness]:
    """Start the dev server, which has the search attributes of orders, and both workers, and stop them again."""
    start = WorkflowEnvironment.start_local(
        dev_server_existing_path=server_path,
        dev_server_log_level="error",
        data_converter=DATA_CONVERTER,
        dev_server_extra_args=[f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()],
    )
    return run_harness(start)


@contextmanager
def run_harness(start: Awaitable[WorkflowEnvironment]) -> Iterator[WorkflowHarness]:
    """Have both workers at work on a server that `start` brings up, and stop all of it again."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ready: Future[WorkflowHarness] = Future()
    done = asyncio.Event()

    async def perform() -> None:
        async with await start as environment:
            harness = WorkflowHarness(loop, environment.client)
            async with harness.workers():
                ready.set_result(harness)
                await done.wait()

    performance = asyncio.run_coroutine_threadsafe(perform(), loop)
    try:
        yield ready.result(SECONDS)
    finally:
        loop.call_soon_threadsafe(done.set)
        performance.result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _refusing(error_type: str, sentence: str) -> Act:
    async def act(argument: Any, attempt: int) -> Any:
        raise ApplicationError(sentence, type=error_type, non_retryable=True)

    return act


def _failing(name: str, times: int) -> Act:
    async def act(argument: Any, attempt: int) -> Any:
        if attempt <= times:
            raise ApplicationError("The outside world answered with an internal error.", type="OutsideWorldFailed")
        return ANSWERS[name]

    return act


def _hanging(name: str, times: int) -> Act:
    async def act(argument: Any, attempt: int) -> Any:
        if attempt <= times:
            await asyncio.sleep(steps.START_TO_CLOSE.total_seconds() + 0.5)
        return ANSWERS[name]

    return act


def _answering(answer: Any) -> Act:
    async def act(argument: Any, attempt: int) -> Any:
        return answer

    return act


def _judging(judge: Callable[[Any], Any]) -> Act:
    async def act(argument: Any, attempt: int) -> Any:
        return judge(argument)

    return act


def ask_for_two(order: ScriptedOrder, *people: str) -> None:
    """Have the tables ask for two approvals of an order: those of these people count, all others do not."""
    counting: dict[str, str] = {}

    def judge(argument: contracts.ChargePayment) -> contracts.PaymentCharged:
        decision = argument.decision
        if decision.actor in people and decision.decision_id == f"d-{decision.actor}":
            counting[decision.actor] = decision.decision_id
        if len(counting) > 1:
            return contracts.PaymentCharged("pay-1", 2500, "EUR", "sim-1")
        return contracts.PaymentCharged("pay-1", 0, "", "", is_approval_refused=True, counting=tuple(counting.values()))

    order.answer("validate_order", contracts.OrderValidated(approvals_needed=2))
    order.answer_by("charge_payment", judge)
