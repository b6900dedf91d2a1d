"""orders.engine.waking: batches and imports against a real Temporal, with workers at work."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from orders.decisions import batches
from orders.decisions.batches import BatchChange
from orders.engine import waking
from orders.imports import jobs
from orders.models import Batch, Order, OrderImport
from orders.states import BatchState, DecisionKind, ImportState, Status
from tests.making import submit
from tests.orders.imports.files import make_row, upload
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


@pytest.mark.usefixtures("temporal_server", "workers_running")
def test_workers_check_a_file_and_carry_its_import_out(alice: User) -> None:
    rows = [make_row(f"A-{number}") for number in range(4)]
    importing = upload(alice, *rows, make_row("A-5", quantity="none"))

    def wait_for(state: ImportState) -> None:
        wait_until(lambda: OrderImport.objects.get().state == state, what=f"the import to be {state}")

    jobs.start_check(importing.import_id, actor=alice)
    wait_for(ImportState.CHECKED)
    assert jobs.count_results(importing) == {"": 4, "WRONG": 1}
    jobs.confirm_import(importing.import_id, actor=alice)
    wait_for(ImportState.DONE)
    for order in Order.objects.all():
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
    assert Order.objects.count() == 4


def test_what_lost_its_run_is_woken(alice: User) -> None:
    """A minute of silence is enough; an import that waits for a person is left alone."""
    silent, checked = (upload(alice, make_row("A-1")) for _ in range(2))
    jobs.start_check(silent.import_id, actor=alice)
    OrderImport.objects.update(wake_due_at=None, moved_at=Now() - timedelta(seconds=90))
    assert waking.wake_silent_jobs() == 1
    assert list(OrderImport.objects.filter(wake_due_at__isnull=False)) == [silent]
    assert waking.wake_silent_jobs() == 0
    assert checked.wake_due_at is None
