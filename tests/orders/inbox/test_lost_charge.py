"""A charge whose answer was lost, from Stripe's event through the inbox to the paid order."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from temporalio.client import Client as TemporalClient
from temporalio.common import RetryPolicy
from temporalio.worker import Worker

from orders import contracts
from orders.decisions import decide
from orders.errors import OutsideWorldFailed
from orders.inbox.handle import handle_events
from orders.intake.submission import submit_order
from orders.models import GatewayEvent, Order, Payment
from orders.payments.gateways.stripe.gateway import StripeGateway
from orders.states import Status
from tests.making import make_draft, make_user
from tests.orders.payments.stripe_account import VISA, Account, event_of, sign
from tests.programs import end_open_runs
from tests.waiting import wait_for_status, wait_until
from workers import steps
from workers.activities import ORDER_ACTIVITIES
from workers.payloads import DATA_CONVERTER
from workers.workflows.order import OrderWorkflow

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 60


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step that failed be tried again in an hour, unless something wakes it."""
    hour = timedelta(hours=1)
    policy = property(lambda step: RetryPolicy(initial_interval=hour, maximum_interval=hour))
    monkeypatch.setattr(steps.Step, "retry_policy", policy)


@pytest.fixture
def threads(transactional_db: None, temporal_server: str) -> Iterator[ThreadPoolExecutor]:
    """One thread for activities, whose connection is closed at the end."""
    with ThreadPoolExecutor(1) as executor:
        yield executor
        executor.submit(connections.close_all).result()
    end_open_runs(temporal_server)


def lose_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    call = StripeGateway.charge

    def lose(gateway: StripeGateway, *arguments: Any) -> None:
        monkeypatch.setattr(StripeGateway, "charge", call)
        call(gateway, *arguments)
        raise OutsideWorldFailed("The answer was lost.")

    monkeypatch.setattr(StripeGateway, "charge", lose)


def send(body: bytes) -> None:
    headers = {"Stripe-Signature": sign(body)}
    sent = Client().post("/webhooks/stripe/", body, content_type="application/json", headers=headers)
    assert sent.status_code == 200


def submit_and_lose(account: Account) -> Order:
    """Have an order charged, so that nobody here knows of it."""
    draft = make_draft(payment_method=VISA)
    order = submit_order(draft, actor=make_user("alice", "clerk"), idempotency_key="form-1")
    wait_for_status(order, Status.PENDING_MANUAL_APPROVAL, seconds=LONG)
    decide.approve_order(order, actor=make_user("bob", "approver"))
    unknown = Payment.objects.filter(order=order, status=Payment.Status.UNKNOWN)
    wait_until(unknown.exists, seconds=LONG, what="the lost answer")
    assert account.charged(order) == [2500]
    return order


def tell_of_it(order: Order, account: Account) -> None:
    """Send Stripe's event, twice, and have the inbox dealt with."""
    body = event_of(account.intents(order)[0])
    send(body)
    send(body)
    assert handle_events() == 1
    wait_for_status(order, Status.PAID, seconds=LONG)


def test_it_is_paid_once_stripe_tells_of_it(
    patient: None,
    threads: ThreadPoolExecutor,
    temporal_server: str,
    stripe_account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lose_the_answer(monkeypatch)

    def live() -> Order:
        order = submit_and_lose(stripe_account)
        tell_of_it(order, stripe_account)
        connection.close()
        return order

    async def work() -> Order:
        client = await TemporalClient.connect(temporal_server, data_converter=DATA_CONVERTER)
        worker = Worker(
            client,
            task_queue=contracts.ORDER_QUEUE,
            workflows=[OrderWorkflow],
            activities=ORDER_ACTIVITIES,
            activity_executor=threads,
            max_concurrent_activities=1,
            max_concurrent_local_activities=1,
        )
        async with worker:
            return await asyncio.to_thread(live)

    order = asyncio.run(work())

    assert GatewayEvent.objects.get().outcome == GatewayEvent.Outcome.WOKEN
    assert stripe_account.charged(order) == [2500]
    assert order.events.filter(kind="payment.charged").count() == 1
