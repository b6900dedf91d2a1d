"""What programs may ask besides orders: events of one, the policy's dry run, and how all is."""

import pytest

from orders.states import Status
from tests.console.api.calling import ORDERS, Program
from tests.making import MakeOrder
from tests.orders.policy.asking import make_rule

pytestmark = pytest.mark.django_db


def test_the_events_of_an_order_are_told_in_their_order(make_order: MakeOrder) -> None:
    order = make_order(Status.COMPLETED)
    events = Program("read").get(f"{ORDERS}/{order.order_id}/events").json()["data"]
    kinds = [event["kind"] for event in events]
    assert (kinds[0], kinds[-1]) == ("order.submitted", "order.completed")
    assert len({event["event_id"] for event in events}) == len(events) == order.events.count()
    approved = events[kinds.index("decision.approved")]
    assert (approved["actor"], approved["channel"], approved["order_id"]) == ("bob", "CONSOLE", order.order_id)


def test_the_policy_is_tried(make_order: MakeOrder) -> None:
    make_order()
    make_rule("Dear", approvals_needed=2, currency="EUR", total_above=100)
    told = Program("read").get("/api/v1/policy/trial", last=5).json()
    assert told["orders"] == 1
    assert [(rule["name"], rule["caught"], rule["decided"]) for rule in told["rules"]] == [("Dear", 1, 1)]
    assert {"approvals_needed": 2, "orders": 1} in told["approvals"]
    assert Program("read", name="x").get("/api/v1/policy/trial", last=0).status_code == 400


def test_health_says_what_the_key_may_do() -> None:
    response = Program("refund", name="till").get("/api/v1/health")
    told = response.json()
    assert (told["key"], told["shop"], told["scopes"]) == ("till", "Berlin", ["refund"])
    assert "No worker is running" in told["notice"]
