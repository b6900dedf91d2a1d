"""An order that needs two approvals does not complete with one, whatever is sent to a real Temporal server."""

import json
from typing import Any

import pytest

from orders.decisions import decide
from orders.models import GatewayMovement, Order, PolicyRule
from orders.states import Channel, Outcome, Status
from tests.making import make_user, submit
from tests.orders.policy.asking import make_rule
from tests.programs import run_temporal
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def signal(address: str, order: Order, decision: dict[str, Any] | None) -> None:
    given = ("--input", json.dumps(decision)) if decision is not None else ()
    run_temporal(address, "workflow", "signal", "--name", "approve_order", "--workflow-id", order.order_id, *given)


def status(address: str, order: Order) -> dict[str, Any]:
    found = run_temporal(
        address, "workflow", "query", "--type", "status", "--workflow-id", order.order_id, "--output", "json"
    )
    answer: dict[str, Any] = json.loads(found.stdout)["queryResult"][0]
    return answer


def test_one_approver_is_not_enough(workers_running: object, temporal_server: str) -> None:
    make_rule("Large orders", total_above=2000, currency="EUR", approvals_needed=2)
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    claims: list[dict[str, Any] | None] = [
        None,
        {"actor": "dana"},
        {"actor": "bob", "decision_id": "claimed"},
        {"actor": "alice", "reason": "It is mine"},
        {"actor": "erik", "decision_id": "another"},
    ]
    for claim in claims:
        signal(temporal_server, order, claim)
    refused = order.decisions.filter(channel=Channel.TEMPORAL, outcome=Outcome.REFUSED)
    wait_until(lambda: refused.count() == len(claims), what="the refusals")

    bob = make_user("bob", "approver")
    decide.approve_order(order, actor=bob)
    first = order.decisions.get(actor="bob", channel=Channel.CONSOLE)
    wait_until(lambda: status(temporal_server, order)["approvals"] == 1, what="the first approval")
    for number, claim in enumerate([*claims, {"actor": "dana", "decision_id": first.decision_id}]):
        signal(temporal_server, order, claim | {"decision_id": f"later-{number}"} if claim else claim)
    wait_until(lambda: refused.count() >= 2 * len(claims), what="the refusals")

    order.refresh_from_db()
    answer = status(temporal_server, order)
    assert (order.status, order.approvals_given) == (Status.PENDING_MANUAL_APPROVAL, 1)
    assert (answer["status"], answer["approvals"], answer["approvals_needed"]) == ("PENDING_MANUAL_APPROVAL", 1, 2)
    assert not GatewayMovement.objects.exists()

    decide.approve_order(order, actor=make_user("dana", "approver"))
    wait_for_status(order, Status.COMPLETED)
    assert GatewayMovement.objects.count() == 1


def test_the_policy_leads_an_order_to_its_end(workers_running: object) -> None:
    make_rule("Small orders", approvals_needed=0)
    order = wait_for_status(submit(), Status.COMPLETED)
    assert [each.channel for each in order.decisions.all()] == [Channel.POLICY]


def test_an_order_that_one_of_two_approved_expires_at_the_deadline_of_the_rule(
    workers_running: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody may ask for less than a minute, and nobody has to wait for one here.
    monkeypatch.setattr(PolicyRule, "full_clean", lambda rule: None)
    make_rule("Quick", approvals_needed=2, deadline_seconds=3)
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    decide.approve_order(order, actor=make_user("bob", "approver"))
    wait_for_status(order, Status.CANCELLED)
    assert order.reason_code == "APPROVAL_TIMEOUT"
