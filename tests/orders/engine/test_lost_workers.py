"""A worker that is killed leaves a scar in the order's history: once, at its place, and for as long as it took."""

from collections.abc import Iterator

import pytest
from django.test import Client
from temporalio.client import Client as TemporalClient
from temporalio.testing import WorkflowEnvironment

from orders.decisions import decide
from orders.engine import temporal
from orders.engine.pending import PendingActivity
from orders.events import EventKind
from orders.models import GatewayMovement, PaymentAttempt
from orders.states import Status
from tests.asking import text_of
from tests.making import make_user, submit
from tests.programs import end_open_runs, started_workers
from tests.waiting import wait_for_status, wait_until
from tests.workflow_harness import ScriptedOrder, run_harness
from workers.payloads import DATA_CONVERTER

TITLE = "Contact with a worker was lost"


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_during_a_charge_leaves_one_scar(
    temporal_server: str, program_environment: dict[str, str], client: Client
) -> None:
    bob = make_user("bob", "approver")
    try:
        with started_workers(program_environment):
            order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        with started_workers(program_environment, FLAKY_HANG_RATE="0.999") as doomed:
            decide.approve_order(order, actor=bob)
            wait_until(PaymentAttempt.objects.exists, what="the call to the gateway")
            doomed.kill()
            doomed.wait(60)
        with started_workers(program_environment):
            wait_for_status(order, Status.COMPLETED)
    finally:
        end_open_runs(temporal_server)

    kinds = list(order.events.values_list("kind", flat=True))
    begun, paid = kinds.index(EventKind.CHARGING), kinds.index(EventKind.PAID)
    between = ["step.lost", "step.failed", "payment.charged"]
    assert kinds[begun + 1 : paid] == between
    assert kinds.count(EventKind.STEP_LOST) == 1
    [lost] = order.events.filter(kind=EventKind.STEP_LOST)
    first = order.payment.attempts.first()
    assert first is not None
    assert lost.data["seconds"] == pytest.approx((lost.at - first.started_at).total_seconds(), abs=2)
    assert lost.data["reach"] == "MAY_HAVE_ASKED"
    assert GatewayMovement.objects.filter(merchant_reference=order.order_id).count() == 1
    client.force_login(bob)
    page = text_of(client.get(order.get_absolute_url()))
    assert page.count(TITLE) == 1
    assert f"Charge the payment: resumed after {lost.data['seconds']} s." in page


async def _connect(address: str) -> WorkflowEnvironment:
    return WorkflowEnvironment.from_client(await TemporalClient.connect(address, data_converter=DATA_CONVERTER))


@pytest.fixture
def order(temporal_server: str) -> Iterator[ScriptedOrder]:
    with run_harness(_connect(temporal_server)) as opened:
        yield ScriptedOrder(opened)


def look_at(order: ScriptedOrder, number: int) -> PendingActivity:
    """Return what Temporal says of the charge when attempt `number` is to come."""
    run = temporal.describe_run(order.order_id)
    assert run is not None
    [activity] = [
        found for found in temporal.describe_progress(order.order_id).activities if found.name == "charge_payment"
    ]

    def find() -> PendingActivity | None:
        return temporal.find_attempt(order.order_id, run.run_id, activity.activity_id, order_id=order.order_id)

    wait_until(lambda: (find() or activity).attempt >= number, what=f"attempt {number}")
    found = find()
    assert found is not None
    return found


@pytest.mark.parametrize("is_silent", [True, False])
def test_temporal_tells_silence_from_an_answer(order: ScriptedOrder, is_silent: bool) -> None:
    order.start()
    order.wait_for("approval")
    (order.hang if is_silent else order.fail)("charge_payment", 2)
    order.approve()
    order.wait_for_call("charge_payment")

    found = look_at(order, 2)

    assert (found.has_timed_out, "internal error" in found.last_failure) == (is_silent, not is_silent)
    order.cancel()
    order.result()
