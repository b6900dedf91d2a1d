"""orders.reconcile without workers: what it leaves alone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from temporalio.client import Client

from orders import reconcile, runs, temporal
from orders.errors import OrderError
from orders.models import Order
from orders.states import TroubleCode
from tests.making import MakeOrder, submit
from tests.programs import terminate
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_order_that_runs_is_left_alone(temporal_server: str) -> None:
    order = submit()
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    assert reconcile.reconcile_orders() == 0
    assert order.events.count() == 1


def test_an_order_whose_start_is_still_in_the_outbox_is_left_to_the_relay(temporal_server: str) -> None:
    order = submit()
    order.outbox_messages.update(status="PENDING")
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    terminate(temporal_server, order.order_id)
    assert reconcile.reconcile_orders() == 0


def test_an_order_that_cannot_be_repaired_does_not_keep_others_from_it(
    temporal_server: str, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, repairable = make_order("PAID"), make_order("PAID")
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    read_run = temporal.read_run

    async def refuse_one(client: Client, order_id: str) -> temporal.Run:
        if order_id == stuck.order_id:
            raise OrderError("Temporal refused the call.")
        return await read_run(client, order_id)

    monkeypatch.setattr(temporal, "read_run", refuse_one)
    assert reconcile.reconcile_orders() == 1
    assert temporal.describe_run(repairable.order_id) is not None
    terminate(temporal_server, repairable.order_id)


def test_every_run_that_ended_at_once_is_followed(temporal_server: str, make_order: MakeOrder) -> None:
    orders = [make_order() for _ in range(120)]
    age()

    assert reconcile.reconcile_orders() == 120

    wait_until(lambda: runs.list_open_runs().keys() >= {order.order_id for order in orders}, what="the runs")
    for order in orders:
        terminate(temporal_server, order.order_id)


def age() -> None:
    """Let an hour pass for every order."""
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))


def test_an_order_whose_runs_keep_ending_waits_and_is_told(temporal_server: str, make_order: MakeOrder) -> None:
    order = make_order()
    for _ in range(3):
        age()
        wait_until(lambda: reconcile.reconcile_orders() == 1, what="the repair")
        terminate(temporal_server, order.order_id)
    age()
    wait_until(lambda: order.order_id not in runs.list_open_runs(), what="the end of the run")

    assert reconcile.reconcile_orders() == 0

    assert order.troubles.get().code == TroubleCode.RUN_LOST
