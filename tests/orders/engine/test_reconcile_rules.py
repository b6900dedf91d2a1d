"""orders.engine.reconcile without workers: what it leaves alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode, _BridgeServiceClient

from orders import contracts
from orders.engine import reconcile, runs, temporal, temporal_client
from orders.errors import OrderError, TemporalAway
from orders.intake import receipt
from orders.models import Order
from orders.states import Status, TroubleCode
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


@pytest.mark.parametrize("code", [RPCStatusCode.UNAVAILABLE, RPCStatusCode.INTERNAL, RPCStatusCode.DEADLINE_EXCEEDED])
def test_an_order_that_the_server_says_nothing_about_keeps_no_other_from_it(
    temporal_server: str, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch, code: RPCStatusCode
) -> None:
    silent, repairable = make_order("PAID"), make_order("PAID")
    age()
    call = _BridgeServiceClient._rpc_call

    async def fail_one(self: _BridgeServiceClient, rpc: str, req: Any, *args: Any, **kwargs: Any) -> Any:
        if silent.order_id in str(req):
            raise RPCError("shard status unknown", code, b"")
        return await call(self, rpc, req, *args, **kwargs)

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", fail_one)
    assert reconcile.reconcile_orders() == 1
    assert temporal.describe_run(repairable.order_id) is not None
    terminate(temporal_server, repairable.order_id)


def test_a_server_that_is_away_ends_the_round(temporal_server: str, make_order: MakeOrder, settings: Settings) -> None:
    make_order("PAID")
    age()
    temporal_client.close()
    settings.TEMPORAL_ADDRESS = "127.0.0.1:1"
    with pytest.raises(TemporalAway):
        reconcile.reconcile_orders()


def test_every_run_that_ended_at_once_is_followed(temporal_server: str, make_order: MakeOrder) -> None:
    orders = [make_order() for _ in range(120)]
    age()

    assert reconcile.reconcile_orders() == 120

    wait_until(lambda: runs.list_open_runs().keys() >= {order.order_id for order in orders}, what="the runs")
    for order in orders:
        terminate(temporal_server, order.order_id)


@pytest.mark.parametrize("has_moved", [True, False], ids=["moved since", "still behind"])
def test_a_row_that_has_moved_since_it_was_read_is_not_behind(
    temporal_server: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    has_moved: bool,
) -> None:
    order, deadline = submit(), "2099-01-01T00:00:00+00:00"
    wait_until(lambda: order.order_id in runs.list_open_runs(), what="the run in the list")  # only those are compared
    age()

    def answer(order_id: str) -> contracts.StatusAnswer:
        if has_moved:
            receipt.validate_order(contracts.ValidateOrder(order_id, deadline))
        waiting = contracts.WaitingFor.APPROVAL
        return contracts.StatusAnswer(order_id, Status.PENDING_MANUAL_APPROVAL, waiting_for=waiting, deadline=deadline)

    monkeypatch.setattr(temporal, "query_status", answer)
    assert reconcile.reconcile_orders() == (0 if has_moved else 1)

    assert ("the row is behind its run" in caplog.text) is not has_moved
    order.refresh_from_db()
    assert order.status == Status.PENDING_MANUAL_APPROVAL


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
