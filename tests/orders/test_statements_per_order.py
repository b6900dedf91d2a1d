"""What an order's life costs PostgreSQL in statements, without Temporal: the numbers may fall, and never grow."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders import contracts
from orders.decisions import closing, decide
from orders.engine import temporal
from orders.intake import receipt, submission
from orders.models import Order
from orders.payments import charge
from orders.postgres.clock import database_now
from orders.shipping import ship
from orders.states import Status
from tests.making import Colleague, make_draft

# Statements of each verb and activity, BEGIN and COMMIT among them, with the simulated outside world's own. Those of
# `submit` and `approve` include the note that Temporal took the message.
BUDGET: Final = {
    "submit": 7,
    "receive_order": 4,
    "validate_order": 6,
    "approve": 6,
    "charge_payment": 15,
    "prepare_package": 7,
    "dispatch_carrier": 6,
    "complete_order": 4,
}
# Transactions of more than one statement in all, one of them the simulated outside world's.
MOST_TRANSACTIONS: Final = 10
# How often the row of the order is written in all: once with each event that changes it.
MOST_UPDATES: Final = 8
# How many of these write the row into all indexes again: those that change the status or what the search finds.
MOST_UPDATES_OF_INDEXES: Final = 6


@pytest.mark.django_db(transaction=True)
def test_no_step_of_an_order_costs_more_statements_than_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    for call in ("start_order", "signal_decision"):
        monkeypatch.setattr(temporal, call, lambda *arguments: None)
    before, hot_before = count_updates()
    costs, transactions = dict.fromkeys(BUDGET, 0), 0

    def take(name: str, call: Callable[[], object]) -> object:
        nonlocal transactions
        with CaptureQueriesContext(connection) as captured:
            answer = call()
        costs[name] = sum(count_statements(query["sql"]) for query in captured.captured_queries)
        transactions += sum(query["sql"] == "BEGIN" for query in captured.captured_queries)
        return answer

    order = take(
        "submit",
        lambda: submission.submit_order(make_draft(), actor=Colleague("alice", pk=None), idempotency_key="budget"),
    )
    assert isinstance(order, Order)
    deadline = (database_now() + timedelta(hours=1)).isoformat()
    take("receive_order", lambda: receipt.receive_order(contracts.ReceiveOrder(order.order_id, "run")))
    take("validate_order", lambda: receipt.validate_order(contracts.ValidateOrder(order.order_id, deadline)))
    take("approve", lambda: decide.approve_order(order, actor=Colleague("bob")))
    decision = contracts.Decision(order.decisions.get().decision_id, "bob")
    command = contracts.ChargePayment(order.order_id, order.payment_id, decision)
    take("charge_payment", lambda: charge.charge_payment(command))
    take("prepare_package", lambda: ship.prepare_package(contracts.PreparePackage(order.order_id)))
    shipment_id = contracts.shipping_workflow_id(order.order_id)
    take("dispatch_carrier", lambda: ship.dispatch_carrier(contracts.DispatchCarrier(order.order_id, shipment_id)))
    take("complete_order", lambda: closing.complete_order(contracts.CompleteOrder(order.order_id)))

    order.refresh_from_db()
    assert order.status == Status.COMPLETED
    assert {name: cost for name, cost in costs.items() if cost > BUDGET[name]} == {}
    assert transactions <= MOST_TRANSACTIONS
    updates, hot = count_updates()
    assert updates - before <= MOST_UPDATES
    assert (updates - before) - (hot - hot_before) <= MOST_UPDATES_OF_INDEXES


def count_statements(text: str) -> int:
    """Return how many statements are sent in one text, besides the limits that go before the first of a transaction."""
    return sum(not statement.lstrip().startswith("SET LOCAL") for statement in text.split("; "))


def count_updates() -> tuple[int, int]:
    """Return how many rows of orders were updated so far, and how many of these by HOT updates."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'orders_order'")
        updates, hot = cursor.fetchone()
    return updates, hot
