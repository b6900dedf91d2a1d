"""orders.engine.steering: steps that are retried now, paused and resumed, on a real Temporal."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from orders.contracts import CANCEL_SIGNAL
from orders.engine import sending, steering, temporal
from orders.engine.pending import PendingActivity
from orders.errors import RunNotFound, StepNotPending
from orders.models import Order, OutboxMessage
from orders.states import Status
from tests.waiting import wait_until
from tests.workflow_harness import ANSWERS, ScriptedOrder, WorkflowHarness, run_harness
from workers.payloads import DATA_CONVERTER

FOR_EVER = 1_000_000
STEPS = pytest.mark.parametrize("name", ["charge_payment", "prepare_package", "dispatch_carrier"])


async def _connect(address: str) -> WorkflowEnvironment:
    return WorkflowEnvironment.from_client(await Client.connect(address, data_converter=DATA_CONVERTER))


@pytest.fixture(scope="module")
def harness(temporal_address: str) -> Iterator[WorkflowHarness]:
    with run_harness(_connect(temporal_address)) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness, temporal_server: str) -> ScriptedOrder:
    return ScriptedOrder(harness)


def approve(order: ScriptedOrder) -> None:
    order.start()
    order.wait_for("approval")
    order.approve()


def look_at(order: ScriptedOrder, name: str) -> PendingActivity:
    """Return what the server says of a step that is pending."""
    [found] = [each for each in temporal.describe_progress(order.order_id).activities if each.name == name]
    return found


def wait_for_attempt(order: ScriptedOrder, name: str, number: int) -> PendingActivity:
    """Wait until a step has failed so often that this attempt is to come."""

    def is_to_come() -> bool:
        found = look_at(order, name)
        return found.attempt >= number and found.next_attempt_at is not None

    order.wait_for_call(name)
    wait_until(is_to_come, what=f"attempt {number} of {name}")
    return look_at(order, name)


def cancel(order: ScriptedOrder, status: Status) -> None:
    """Send a cancellation as the outbox does."""
    row = Order(order_id=order.order_id, status=status)
    payload = {"decision_id": "d-1", "actor": "bob", "reason": ""}
    assert sending.try_to_send(OutboxMessage(order=row, name=CANCEL_SIGNAL, payload=payload)) is None


def test_a_step_is_retried_before_its_time_and_its_attempts_are_counted_on(order: ScriptedOrder) -> None:
    order.fail("charge_payment", 4)
    approve(order)
    waiting = wait_for_attempt(order, "charge_payment", 5)
    steering.retry_step(order.order_id, "charge_payment", actor="bob")
    order.wait_for_call("charge_payment", 5)
    assert waiting.next_attempt_at is not None
    assert datetime.now(UTC) < waiting.next_attempt_at
    assert order.result().status == Status.COMPLETED, "the fifth attempt was one that succeeds"


@STEPS
def test_a_paused_step_waits_for_who_resumes_it(order: ScriptedOrder, name: str) -> None:
    order.fail(name, 2)
    approve(order)
    wait_for_attempt(order, name, 2)
    steering.pause_step(order.order_id, name, actor="bob")
    steering.pause_step(order.order_id, name, actor="dana")
    paused = look_at(order, name)
    assert (paused.is_paused, paused.paused_by) == (True, "bob")
    assert paused.paused_at is not None
    made = order.names.count(name)
    steering.resume_step(order.order_id, name)
    assert not look_at(order, name).is_paused
    assert order.result().status == Status.COMPLETED
    assert order.names.count(name) > made


@STEPS
def test_an_order_is_cancelled_while_a_step_is_paused(order: ScriptedOrder, name: str) -> None:
    order.fail(name, FOR_EVER)
    approve(order)
    wait_for_attempt(order, name, 2)
    steering.pause_step(order.order_id, name, actor="bob")
    cancel(order, Status.CHARGING_PAYMENT)
    assert order.result().status == Status.CANCELLED
    assert "refund_payment" in order.names


@STEPS
def test_an_order_is_cancelled_although_an_attempt_was_paused_that_never_ends(order: ScriptedOrder, name: str) -> None:
    async def never_end(argument: Any, attempt: int) -> Any:
        await asyncio.sleep(300)
        return ANSWERS[name]

    order._acts[name] = never_end  # as one whose worker was killed
    approve(order)
    order.wait_for_call(name)
    steering.pause_step(order.order_id, name, actor="bob")
    cancel(order, Status.PAID)
    wait_until(order.has_ended, what="the end of the order")
    assert order.result().status == Status.CANCELLED


def test_what_is_not_pending_is_not_steered(order: ScriptedOrder) -> None:
    order.start()
    order.wait_for("approval")
    for steer in (steering.retry_step, steering.pause_step):
        with pytest.raises(StepNotPending):
            steer(order.order_id, "charge_payment", actor="bob")
    with pytest.raises(StepNotPending):
        steering.resume_step(order.order_id, "charge_payment")
    with pytest.raises(RunNotFound):
        steering.retry_step("order-NOWHERE", "charge_payment", actor="bob")
    order.cancel()
    order.result()
