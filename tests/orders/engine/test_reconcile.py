"""orders.engine.reconcile: a run that was closed from outside leaves no order open for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from orders import contracts
from orders.decisions import decide
from orders.engine import reconcile, temporal
from orders.engine.temporal import Ending
from orders.events import EventKind
from orders.models import GatewayMovement, Order, OutboxMessage, Payment
from orders.states import Status
from tests.making import MakeOrder, make_user, submit
from tests.programs import terminate
from tests.waiting import ask_run, wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def end_run(address: str, order: Order) -> None:
    """Terminate the order's run, and repair it once the server's list has caught up with it."""
    terminate(address, order.order_id)
    wait_until(lambda: reconcile.reconcile_orders() > 0 or not is_open(order), what=f"the repair of {order.order_id}")


def is_open(order: Order) -> bool:
    order.refresh_from_db()
    return order.is_open


def start_run(order: Order) -> Order:
    """Give a row a run that waits for a person, whatever the row says."""
    temporal.start_order(contracts.OrderInput(order.order_id, order.payment_id))
    return order


def test_a_terminated_order_is_cancelled(workers_running: object, temporal_server: str) -> None:
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    end_run(temporal_server, order)
    wait_for_status(order, Status.CANCELLED)
    assert order.explanation == "The order's workflow run was terminated."
    assert order.events.filter(kind=EventKind.RUN_REPLACED, data__ending=Ending.TERMINATED).count() == 1


def test_a_terminated_order_that_was_paid_gets_its_money_back(
    workers_running: object, temporal_server: str, make_order: MakeOrder
) -> None:
    order = start_run(make_order("PAID"))
    end_run(temporal_server, order)
    wait_for_status(order, Status.CANCELLED)
    assert order.payment.status == Payment.Status.REFUNDED
    kinds = GatewayMovement.objects.filter(merchant_reference=order.order_id).values_list("kind", flat=True)
    assert list(kinds) == ["CHARGE", "REFUND"]


def test_a_terminated_order_whose_parcel_is_out_is_completed(
    workers_running: object, temporal_server: str, make_order: MakeOrder
) -> None:
    order = start_run(make_order("DISPATCHED"))
    end_run(temporal_server, order)
    wait_for_status(order, Status.COMPLETED)


def test_an_order_that_temporal_lost_goes_on_where_it_stood(workers_running: object, make_order: MakeOrder) -> None:
    order = lost(make_order("CREATED"))
    assert reconcile.reconcile_orders() == 1
    wait_until(lambda: ask_run(order).waiting_for == "approval", what="the wait")
    wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    decide.approve_order(order, actor=make_user("bob", "approver"))
    wait_for_status(order, Status.COMPLETED)


def test_an_order_that_goes_on_waits_as_long_as_the_setting_says(
    workers_running: object, make_order: MakeOrder, settings: Settings
) -> None:
    settings.ORDER_APPROVAL_TIMEOUT = 90
    order = lost(make_order("CREATED"))
    assert reconcile.reconcile_orders() == 1
    wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    assert order.approval_deadline is not None
    assert timedelta(0) < order.approval_deadline - timezone.now() <= timedelta(seconds=90)


def test_a_decision_for_a_run_that_temporal_lost_takes_effect_before_the_deadline(
    workers_running: object, make_order: MakeOrder
) -> None:
    order = make_order("PENDING_MANUAL_APPROVAL")
    message = decide.approve_order(order, actor=make_user("bob", "approver"))
    OutboxMessage.objects.filter(pk=message.pk).update(attempts=2, next_attempt_at=timezone.now())
    lost(order)
    assert reconcile.reconcile_orders() == 1
    wait_for_status(order, Status.COMPLETED)


def test_a_paid_order_that_temporal_lost_is_completed_with_one_charge(
    workers_running: object, make_order: MakeOrder
) -> None:
    order = lost(make_order("PAID"))
    assert reconcile.reconcile_orders() == 1
    wait_for_status(order, Status.COMPLETED)
    assert GatewayMovement.objects.filter(merchant_reference=order.order_id).count() == 1


def test_an_order_in_the_middle_of_its_cancellation_that_temporal_lost_is_cancelled(
    workers_running: object, make_order: MakeOrder
) -> None:
    order = lost(make_order("CANCELLING", cancelled_from="PAID", reason="Fraud"))
    assert reconcile.reconcile_orders() == 1
    wait_for_status(order, Status.CANCELLED)
    assert order.reason == "Fraud"


def lost(order: Order) -> Order:
    """Make it look as if Temporal had taken the order long ago and lost it."""
    Order.objects.filter(pk=order.pk).update(updated_at=timezone.now() - timedelta(hours=1))
    return order
