"""Temporal's command line lists orders by what they wait for."""

import json

import pytest

from orders.decisions import decide
from orders.states import Status
from tests.making import make_user, submit
from tests.programs import run_temporal
from tests.waiting import wait_for_status, wait_until


def find_listed(address: str, query: str) -> set[str]:
    """Return the workflow ids that Temporal's command line lists."""
    listed = json.loads(run_temporal(address, "workflow", "list", "--query", query, "--output", "json").stdout)
    return {run["execution"]["workflowId"] for run in listed}


@pytest.mark.django_db(transaction=True)
def test_temporals_command_line_lists_orders_that_wait(workers_running: object, temporal_server: str) -> None:
    waiting, approved = (wait_for_status(submit(number), Status.PENDING_MANUAL_APPROVAL) for number in range(2))
    decide.approve_order(approved, actor=make_user("bob", "approver"))
    wait_for_status(approved, Status.COMPLETED)

    def is_listed(query: str) -> bool:
        ours = {waiting.order_id, approved.order_id}
        return find_listed(temporal_server, query) & ours == {waiting.order_id}

    soon, far = "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
    # What Temporal lists lags a moment behind.
    wait_until(lambda: is_listed("WaitingFor='approval'"), seconds=20)
    assert is_listed(f"WaitingFor='approval' AND ApprovalDeadline < '{far}'")
    assert is_listed(f"OrderStatus='PENDING_MANUAL_APPROVAL' AND Total > 1 AND Currency='{waiting.currency}'")
    assert not is_listed(f"WaitingFor='approval' AND ApprovalDeadline < '{soon}'")
    assert approved.order_id in find_listed(temporal_server, "OrderStatus='COMPLETED' AND WaitingFor IS NULL")
