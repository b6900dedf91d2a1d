"""What was written stays: PostgreSQL refuses what no program of ours asks of it, in a sentence."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from orders.models import Decision, Order, OrderLine, Payment, PaymentAttempt
from orders.states import Outcome
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db

KEPT = (
    *("orders_order", "orders_orderline", "orders_orderevent", "orders_decision", "orders_payment"),
    *("orders_paymentattempt", "orders_refund", "simulated_gateway_movement"),
)


@pytest.fixture
def order(make_order: MakeOrder) -> Order:
    return make_order("COMPLETED")


def refuse(statement: str, *parameters: Any) -> str:
    """Try a statement, and return why it was refused."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing is emptied while references are still to be checked
        with pytest.raises(DatabaseError) as caught, transaction.atomic():
            cursor.execute(statement, parameters)
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return str(caught.value).splitlines()[0]


@pytest.mark.parametrize("table", KEPT)
def test_no_table_is_emptied(order: Order, table: str) -> None:
    assert refuse(f"TRUNCATE {table} CASCADE").endswith("are never removed")


@pytest.mark.parametrize("table", KEPT)
def test_no_row_is_removed(order: Order, make_order: MakeOrder, table: str) -> None:
    make_order("CANCELLED", cancelled_from="PAID")
    said = refuse(f"DELETE FROM {table}")  # noqa: S608
    assert said.endswith(("are never removed", "are only ever added"))


@pytest.mark.parametrize(
    ("column", "value"),
    [("actor", "mallory"), ("reason", "forged"), ("kind", "cancel"), ("channel", "CONSOLE"), ("taken_at", "now()")],
)
def test_of_a_decision_only_the_answer_is_written(make_order: MakeOrder, column: str, value: str) -> None:
    open_one = Decision.objects.create(
        decision_id="open", order=make_order(), kind="approve", actor="bob", channel="TERMINAL"
    )
    said = refuse(f"UPDATE orders_decision SET {column} = %s WHERE id = %s", value, open_one.pk)  # noqa: S608
    assert said == "of decision open nothing may change but its answer"


def test_a_decision_is_answered_once(order: Order) -> None:
    decision = order.decisions.get()
    said = refuse("UPDATE orders_decision SET outcome = 'TOO_LATE' WHERE id = %s", decision.pk)
    assert said == f"decision {decision.decision_id} was answered and stays as it is"
    assert decision.outcome == Outcome.ACCEPTED


def test_a_payment_attempt_is_answered_once(order: Order) -> None:
    attempt = PaymentAttempt.objects.get(payment=order.payment)
    said = refuse("UPDATE orders_paymentattempt SET outcome = 'FAILED' WHERE id = %s", attempt.pk)
    assert said == f"payment attempt {attempt.pk} was answered and stays as it is"
    asked = order.payment.request_hash
    unknown = PaymentAttempt.objects.create(payment=order.payment, kind="REFUND", request_hash=asked)
    said = refuse("UPDATE orders_paymentattempt SET kind = 'CHARGE' WHERE id = %s", unknown.pk)
    assert said == f"of payment attempt {unknown.pk} nothing may change but its answer"


@pytest.mark.parametrize("change", ["amount = 1", "currency = 'USD'", "payment_id = 'pay-OTHER'", "gateway = 'stripe'"])
def test_a_payment_stays_what_it_is_for(order: Order, change: str) -> None:
    said = refuse(f"UPDATE orders_payment SET {change}")  # noqa: S608
    assert said == f"key, order, amount, currency and gateway of payment {order.payment_id} never change"


def test_a_payment_stays_with_its_order(order: Order, make_order: MakeOrder) -> None:
    other = make_order()
    said = refuse("UPDATE orders_payment SET order_id = %s", other.pk)
    assert said.endswith("never change")
    assert Payment.objects.get().order == order


@pytest.mark.parametrize("change", ["total = 1", "currency = 'USD'", "order_id = 'order-X'", "payment_id = 'pay-X'"])
def test_an_order_stays_what_was_asked(order: Order, change: str) -> None:
    said = refuse(f"UPDATE orders_order SET {change}")  # noqa: S608
    assert said == f"ids, total and currency of order {order.order_id} never change"


def test_the_lines_of_an_order_stay(order: Order, make_order: MakeOrder) -> None:
    assert refuse("UPDATE orders_orderline SET unit_price = 1") == "the lines of an order never change"
    for submitted in (order, make_order("CREATED")):
        with pytest.raises(DatabaseError, match="no more lines once it was submitted"), transaction.atomic():
            OrderLine.objects.create(order=submitted, position=9, sku="B", description="B", quantity=1, unit_price=1)
