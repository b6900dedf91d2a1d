"""What may break while orders are in progress, and what must still hold. Real processes are really killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django import Settings

from orders.decisions import decide
from orders.engine import temporal_client
from orders.engine.audit import audit_orders
from orders.events import EventKind
from orders.models import GatewayMovement, Order, OrderEvent, PaymentAttempt
from orders.states import FINAL, Status
from tests.making import find_disagreements, make_user, submit
from tests.programs import end_open_runs, free_port, started_temporal, started_workers
from tests.waiting import ask_run, wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own_workers(
    transactional_db: None, temporal_server: str, program_environment: dict[str, str]
) -> Iterator[dict[str, str]]:
    """Return the environment for workers that a test starts and stops itself, and leave no run open."""
    yield program_environment
    end_open_runs(temporal_server)


def approve(order: Order) -> None:
    decide.approve_order(order, actor=make_user("bob", "approver"))


def test_workers_killed_during_a_charge_charge_once(own_workers: dict[str, str]) -> None:
    with started_workers(own_workers):
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    with started_workers(own_workers, FLAKY_HANG_RATE="0.999") as doomed:
        approve(order)
        wait_until(lambda: PaymentAttempt.objects.filter(outcome=PaymentAttempt.Outcome.UNKNOWN).exists())
        doomed.kill()
        doomed.wait(60)
    with started_workers(own_workers):
        wait_for_status(order, Status.COMPLETED)
    assert [movement.kind for movement in GatewayMovement.objects.all()] == ["CHARGE"]
    outcomes = list(order.payment.attempts.values_list("outcome", flat=True))
    assert outcomes[0] == PaymentAttempt.Outcome.UNKNOWN
    assert outcomes[-1] == PaymentAttempt.Outcome.SUCCEEDED


def test_workers_killed_during_a_local_step_leave_it_to_others(
    own_workers: dict[str, str],
) -> None:
    with started_workers(own_workers, FLAKY_HANG_RATE="0.999") as doomed:
        order = submit()
        wait_until(lambda: order.events.filter(kind=EventKind.RUN_STARTED).exists(), what="the first step")
        doomed.kill()
        doomed.wait(60)
    with started_workers(own_workers):
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
        assert order.approval_deadline is not None
        assert ask_run(order).deadline == order.approval_deadline.isoformat()
        approve(order)
        wait_for_status(order, Status.COMPLETED)
    assert order.events.filter(kind=EventKind.RUN_STARTED).count() == 1
    assert find_disagreements() == []


def test_nothing_is_lost_while_temporal_is_stopped(
    settings: Settings, program_environment: dict[str, str], tmp_path: Path
) -> None:
    port, options = free_port(), ("--db-filename", str(tmp_path / "temporal.db"))
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{port}"
    with started_workers(program_environment, TEMPORAL_ADDRESS=settings.TEMPORAL_ADDRESS):
        with started_temporal(port, *options):
            before = wait_for_status(submit(1), Status.PENDING_MANUAL_APPROVAL)
            cancelled = wait_for_status(submit(2), Status.PENDING_MANUAL_APPROVAL)
        during = submit(3)
        approve(before)
        decide.cancel_order(cancelled, actor=make_user("bob", "approver"), reason="Fraud")
        approve(during)
        assert Order.objects.filter(outbox_messages__status="PENDING").distinct().count() == 3
        with started_temporal(port, *options):
            for order in (before, during):
                wait_for_status(order, Status.COMPLETED, seconds=60)
            wait_for_status(cancelled, Status.CANCELLED, seconds=60)
    temporal_client.close()
    assert cancelled.reason == "Fraud"
    assert find_disagreements() == []


def test_a_failing_outside_world_delays_orders_and_harms_none(own_workers: dict[str, str]) -> None:
    with started_workers(own_workers, FLAKY_FAIL_RATE="0.5"):
        orders = [submit(number) for number in range(6)]
        for order in orders[1:]:
            wait_for_status(order, Status.PENDING_MANUAL_APPROVAL, seconds=60)
            approve(order)
        wait_for_status(orders[0], Status.PENDING_MANUAL_APPROVAL, seconds=60)
        with transaction.atomic():  # so that the cancellation follows at the heels of the approval
            approve(orders[0])
            decide.cancel_order(orders[0], actor=make_user("bob", "approver"), reason="Changed their mind")
        for order in orders:
            wait_for_status(order, *FINAL, seconds=90)
    assert orders[0].status == Status.CANCELLED
    assert {order.status for order in orders[1:]} == {Status.COMPLETED}
    assert find_disagreements() == []
    assert PaymentAttempt.objects.filter(outcome=PaymentAttempt.Outcome.FAILED).exists()
    assert OrderEvent.objects.filter(kind=EventKind.STEP_FAILED).exists()
    assert not OrderEvent.objects.filter(kind=EventKind.STEP_LOST).exists(), "an attempt that answered was not lost"


def test_workers_stopped_under_load_stop_cleanly_and_harm_no_order(own_workers: dict[str, str]) -> None:
    orders = [submit(number) for number in range(8)]
    for order in orders:
        approve(order)
    with started_workers(own_workers) as workers:
        wait_until(lambda: Order.objects.filter(status=Status.COMPLETED).exists(), what="the first completed order")
        workers.terminate()
        assert workers.wait(60) == 0
    with started_workers(own_workers):
        for order in orders:
            wait_for_status(order, Status.COMPLETED, seconds=60)
    assert audit_orders().charges == len(orders)
    assert find_disagreements() == []
