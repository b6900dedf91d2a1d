"""orders.inbox.handle: an event has whoever waits for the gateway ask it now, and does nothing else."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from orders.engine import relay, temporal
from orders.errors import CallRefused, RunNotFound, TemporalAway
from orders.inbox.handle import handle_events
from orders.models import GatewayEvent, Order, Payment, Refund
from orders.proof.divergences import Kind, find_divergences
from tests.database import past_the_rules
from tests.making import MakeOrder
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

LONG = 60


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The workflows that were woken."""
    found: list[str] = []

    def wake(workflow_id: str, *, order_id: str) -> bool:
        found.append(workflow_id)
        return True

    monkeypatch.setattr(temporal, "wake_steps", wake)
    return found


def send(payment: Payment | None, number: int = 1) -> GatewayEvent:
    return GatewayEvent.objects.create(
        gateway="stripe", event_id=f"evt_{number}", kind="x", payload={"id": number}, payment=payment
    )


def waiting(make_order: MakeOrder, status: str = "REQUIRES_ACTION") -> Order:
    """An order whose payment the gateway has not decided on."""
    order = make_order("CHARGING_PAYMENT")
    Payment.objects.filter(order=order).update(status=status)
    return order


@pytest.mark.parametrize("status", ["UNKNOWN", "REQUIRES_ACTION", "AUTHORISED"])
def test_it_wakes_the_run_whose_payment_is_undecided(status: str, make_order: MakeOrder, woken: list[str]) -> None:
    order = waiting(make_order, status)
    send(order.payment)
    assert handle_events() == 1
    assert (woken, GatewayEvent.objects.get().outcome) == ([order.order_id], "WOKEN")
    assert (handle_events(), woken) == (0, [order.order_id])


def test_it_wakes_refunds_that_wait(make_order: MakeOrder, woken: list[str]) -> None:
    order = make_order("COMPLETED")
    Refund.objects.create(payment=order.payment, key="part-1", amount=100, currency="EUR", reason_code="STAFF")
    send(order.payment)
    handle_events()
    assert woken == ["refund-part-1", order.order_id]


def test_nothing_is_woken_for_what_is_decided_or_unknown(make_order: MakeOrder, woken: list[str]) -> None:
    send(make_order("COMPLETED").payment)
    send(None, 2)
    assert handle_events() == 2
    assert woken == []
    outcomes = GatewayEvent.objects.order_by("id").values_list("outcome", flat=True)
    assert list(outcomes) == ["NOTHING_WAITED", "NO_PAYMENT"]


def test_without_temporal_it_waits(make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(workflow_id: str, *, order_id: str) -> bool:
        raise TemporalAway("Away.")

    monkeypatch.setattr(temporal, "wake_steps", fail)
    send(waiting(make_order).payment)
    with pytest.raises(TemporalAway):
        handle_events()
    assert GatewayEvent.objects.get().handled_at is None


@pytest.mark.parametrize("error", [CallRefused("It is broken."), RunNotFound("order-1")])
def test_one_that_fails_alone_holds_up_no_other(
    error: Exception, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(workflow_id: str, *, order_id: str) -> bool:
        raise error

    monkeypatch.setattr(temporal, "wake_steps", fail)
    send(waiting(make_order).payment)
    send(None, 2)
    assert handle_events() == 2


@pytest.mark.django_db(transaction=True)
def test_the_relay_deals_with_what_came_in(temporal_server: str) -> None:
    stop = threading.Event()
    event = send(None)

    def relay_and_close() -> None:
        relay.run_relay(stop, interval_seconds=0.05)
        connection.close()

    relaying = threading.Thread(target=relay_and_close)
    relaying.start()
    try:
        wait_until(lambda: GatewayEvent.objects.get(pk=event.pk).outcome == "NO_PAYMENT", seconds=LONG)
    finally:
        stop.set()
        relaying.join()


class TestRules:
    def test_nothing_of_an_event_changes_but_how_it_was_handled(self, make_order: MakeOrder) -> None:
        event = GatewayEvent.objects.filter(pk=send(None).pk)
        with pytest.raises(IntegrityError, match="nothing may change but how it was handled"), transaction.atomic():
            event.update(payload={})
        event.update(handled_at=Now(), outcome="NO_PAYMENT")
        with pytest.raises(IntegrityError, match="was handled and stays as it is"), transaction.atomic():
            event.update(outcome="WOKEN")
        with pytest.raises(IntegrityError, match="never removed"), transaction.atomic():
            event.delete()

    def test_an_event_is_there_once(self) -> None:
        send(None)
        with pytest.raises(IntegrityError, match="gateway_event_is_taken_once"), transaction.atomic():
            send(None)


@pytest.mark.django_db(transaction=True)
def test_one_that_nobody_dealt_with_is_named(temporal_server: str, make_order: MakeOrder) -> None:
    order = waiting(make_order)
    with past_the_rules():
        GatewayEvent.objects.filter(pk=send(order.payment).pk).update(received_at=Now() - timedelta(hours=1))
    found = [each for each in find_divergences() if each.kind == Kind.EVENT_UNHANDLED]
    assert [each.order_id for each in found] == [order.order_id]


attempts: list[int] = []


@activity.defn
async def ask_gateway() -> str:
    """Know nothing at first, and be asked again in an hour."""
    attempts.append(1)
    if len(attempts) == 1:
        raise ApplicationError("Not yet.", next_retry_delay=timedelta(hours=1))
    return "done"


@workflow.defn
class Waiting:
    @workflow.run
    async def run(self) -> str:
        answer: str = await workflow.execute_activity(ask_gateway, start_to_close_timeout=timedelta(seconds=30))
        return answer


def test_a_step_that_waits_for_its_next_attempt_makes_it_now(temporal_server: str) -> None:
    async def wait() -> Any:
        client = await Client.connect(temporal_server)
        worker = Worker(
            client,
            task_queue="waiting",
            workflows=[Waiting],
            activities=[ask_gateway],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            handle = await client.start_workflow(Waiting.run, id="order-WAITING", task_queue="waiting")
            while not (pending := (await handle.describe()).raw_description.pending_activities) or not pending[
                0
            ].HasField("last_failure"):
                await asyncio.sleep(0.05)
            await asyncio.to_thread(temporal.wake_steps, "order-WAITING", order_id="order-WAITING")
            return await asyncio.wait_for(handle.result(), LONG)

    attempts.clear()
    assert asyncio.run(wait()) == "done"
    assert len(attempts) == 2


def test_a_run_that_is_not_there_cannot_be_woken(temporal_server: str) -> None:
    with pytest.raises(RunNotFound):
        temporal.wake_steps("order-NOWHERE", order_id="order-NOWHERE")
