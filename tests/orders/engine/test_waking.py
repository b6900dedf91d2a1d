"""orders.engine.waking: batches against a real Temporal, with workers at work."""

import pytest
from django.contrib.auth.models import User

from orders.decisions import batches
from orders.decisions.batches import BatchChange
from orders.models import Batch, Order
from orders.states import BatchState, DecisionKind, Status
from tests.making import submit
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def wait_for_state(batch: Batch, state: BatchState) -> None:
    wait_until(lambda: Batch.objects.get(pk=batch.pk).state == state, what=f"the batch to be {state}")


@pytest.mark.usefixtures("temporal_server", "workers_running")
def test_workers_carry_a_batch_out(bob: User) -> None:
    orders = [submit(number) for number in range(8)]
    for order in orders:
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    batch = batches.create_batch([order.pk for order in orders[:4]], DecisionKind.APPROVE, actor=bob)
    wait_for_state(batch, BatchState.DONE)
    for order in orders[:4]:
        wait_for_status(order, Status.COMPLETED)
    paused = batches.create_batch([order.pk for order in orders[4:]], DecisionKind.CANCEL, actor=bob, reason="Twice")
    batches.change_batch(paused.batch_id, BatchChange.PAUSE, actor=bob)
    wait_until(lambda: Batch.objects.get(pk=paused.pk).wake_due_at is None, what="the start")
    batches.change_batch(paused.batch_id, BatchChange.RESUME, actor=bob)
    wait_for_state(paused, BatchState.DONE)
    for order in orders[4:]:
        wait_for_status(order, Status.CANCELLED)
    assert Order.objects.filter(status=Status.CANCELLED).count() == 4
