"""Runs that are paused in Temporal: said to be paused wherever one asks, and no trouble to anything else."""

import json
import subprocess
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from console.order import detail
from orders.contracts import StatusAnswer, shipping_workflow_id
from orders.decisions import decide
from orders.engine import live_status
from orders.engine.live_status import LiveStatus
from orders.engine.pending import PendingActivity
from orders.states import Status
from tests.asking import HTMX, text_of
from tests.forked import Program
from tests.making import MakeOrder, make_user, submit
from tests.programs import end_open_runs, run_temporal, started_workers
from tests.waiting import wait_for_status, wait_until

BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])
RunCommand = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def workers(transactional_db: None, pausing_server: str, program_environment: dict[str, str]) -> Iterator[Program]:
    """Have workers at the server on which runs can be paused."""
    with started_workers(program_environment, TEMPORAL_ADDRESS=pausing_server) as process:
        yield process
        assert process.poll() is None, "the workers have ended"
    end_open_runs(pausing_server)


def pause(address: str, workflow_id: str) -> None:
    run_temporal(address, "workflow", "pause", "--workflow-id", workflow_id)


def resume(address: str, workflow_id: str) -> None:
    run_temporal(address, "workflow", "unpause", "--workflow-id", workflow_id)


@BOTH
def test_an_approval_counts_and_takes_effect_when_the_run_is_resumed(
    client: Client, workers: object, pausing_server: str, headers: dict[str, str]
) -> None:
    client.force_login(make_user("bob", "approver"))
    order, other = (wait_for_status(submit(number), Status.PENDING_MANUAL_APPROVAL) for number in (1, 2))
    pause(pausing_server, order.order_id)

    page = client.get(f"/orders/{order.order_id}/status/", {"version": order.version}, headers=HTMX)
    assert page.status_code == 200
    assert "Paused in Temporal since" in text_of(page)

    response = client.post(f"/orders/{order.order_id}/approve/", headers=headers, follow=True)
    assert response.status_code == 200
    assert "Your approval counts. The order&#x27;s workflow is paused in Temporal" in text_of(response)
    status = client.get(f"/orders/{order.order_id}/status/", headers=HTMX)
    assert "Approved by bob. Processing starts when its workflow is resumed." in text_of(status)
    order.refresh_from_db()
    assert (order.status, order.decided_by) == ("PENDING_MANUAL_APPROVAL", "bob")

    decide.approve_order(other, actor=make_user("dana", "approver"))
    wait_for_status(other, Status.COMPLETED)
    resume(pausing_server, order.order_id)
    wait_for_status(order, Status.COMPLETED)
    live_status.forget()
    assert "Paused" not in text_of(client.get(order.get_absolute_url()))


def test_the_terminal_says_so(
    transactional_db: None, pausing_server: str, make_order: MakeOrder, run_command: RunCommand
) -> None:
    order = submit()
    pause(pausing_server, order.order_id)

    found = run_command("order", "query", order.order_id, "--json", TEMPORAL_ADDRESS=pausing_server)
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)
    assert (answer["paused"], answer["status"], answer["waiting_for"]) == (True, "CREATED", "validation")
    assert {"approved", "cancelled", "deadline", "reason", "last_decision"} <= set(answer)

    table = run_command("order", "query", order.order_id, TEMPORAL_ADDRESS=pausing_server)
    assert table.returncode == 0
    assert "has been paused in Temporal since" in table.stderr
    assert "Traceback" not in table.stderr

    signal = run_command("order", "signal", order.order_id, "cancel", "--json", TEMPORAL_ADDRESS=pausing_server)
    told = json.loads(signal.stdout)
    assert (signal.returncode, told["delivery"], told["paused"]) == (0, "delivered", True)
    assert "takes effect when it is resumed" in told["sentence"]
    end_open_runs(pausing_server)


def test_a_paused_shipment_is_said_to_be_paused(
    client: Client, transactional_db: None, pausing_server: str, program_environment: dict[str, str]
) -> None:
    bob = make_user("bob", "approver")
    client.force_login(bob)
    at_server = {"TEMPORAL_ADDRESS": pausing_server}
    with started_workers(program_environment, "--queue", "order-tq", **at_server):
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        decide.approve_order(order, actor=bob)
        shipping = shipping_workflow_id(order.order_id)
        wait_until(lambda: is_known(pausing_server, shipping), what="the start of the shipment's run")
        pause(pausing_server, shipping)
        page = text_of(client.get(f"/orders/{order.order_id}/status/", headers=HTMX))
        assert "Waiting for the warehouse and the carrier." in page
        assert "The shipping workflow is paused in Temporal." in page
        resume(pausing_server, shipping)
        with started_workers(program_environment, "--queue", "shipping-tq", **at_server):
            wait_for_status(order, Status.COMPLETED)


@pytest.mark.django_db
def test_a_paused_activity_is_said_to_be_paused(
    client: Client, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(make_user("bob", "approver"))
    order = make_order("CHARGING_PAYMENT")
    tried = PendingActivity("charge_payment", 3, "The gateway broke.", None, is_paused=True)
    live = LiveStatus(StatusAnswer(order.order_id, order.status, waiting_for="payment"), activities=(tried,))
    monkeypatch.setattr(detail, "get_live_status", lambda order_id, **_: live)
    page = text_of(client.get(f"/orders/{order.order_id}/status/", headers=HTMX))
    assert "attempt 3, last failure: The gateway broke, paused in Temporal until someone resumes it" in page


def is_known(address: str, workflow_id: str) -> bool:
    """Tell whether the server knows a run of this workflow."""
    try:
        run_temporal(address, "workflow", "describe", "--workflow-id", workflow_id)
    except subprocess.CalledProcessError:
        return False
    return True
