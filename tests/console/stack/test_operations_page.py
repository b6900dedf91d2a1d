"""What docs/operations.md tells an operator to type."""

import re

import pytest
from django.apps import apps
from django.db import connection

from orders.models import GatewayMovement, Order, Payment
from tests.database import past_the_rules
from tests.making import MakeOrder
from tests.programs import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text()
STATEMENTS = [
    statement.strip() for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) for statement in block.split(";\n")
]
INSERT, TWICE, NOT_ONCE, KEPT = (statement for statement in STATEMENTS if statement)


def rows(statement: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_it_names_every_table_of_ours_and_no_other() -> None:
    section = PAGE.split("### The tables")[1].split("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == {
        model._meta.db_table for label in ("console", "orders") for model in apps.get_app_config(label).get_models()
    }


@pytest.fixture
def charged(make_order: MakeOrder) -> Order:
    """A completed order that was charged once."""
    return make_order(status="COMPLETED")


def charge_again(order: Order) -> None:
    """Do what the gateway never does."""
    with past_the_rules():
        GatewayMovement.objects.create(
            idempotency_key=order.payment_id,
            kind="CHARGE",
            amount=order.total,
            currency=order.currency,
            merchant_reference=order.order_id,
            reference="a-second-charge",
        )


def test_inserting_every_payment_again_adds_none(charged: Order) -> None:
    before = Payment.objects.count()
    assert before > 0
    with connection.cursor() as cursor:
        cursor.execute(INSERT)
        assert (cursor.rowcount, Payment.objects.count()) == (0, before)


def test_the_queries_find_nothing_where_all_is_well(charged: Order, make_order: MakeOrder) -> None:
    make_order(status="CANCELLED", cancelled_from="PAID")
    assert set(GatewayMovement.objects.values_list("kind", flat=True)) == {"CHARGE", "REFUND"}
    assert [rows(query) for query in (TWICE, NOT_ONCE, KEPT)] == [[], [], []]


def test_a_second_charge_is_found(charged: Order) -> None:
    charge_again(charged)
    assert rows(TWICE) == [(charged.payment_id, 2)]
    assert [row[:2] for row in rows(NOT_ONCE)] == [(charged.order_id, 2)]


def test_a_charge_of_another_amount_is_found(charged: Order) -> None:
    with past_the_rules():
        Order.objects.filter(pk=charged.pk).update(total=charged.total + 1)
    assert [row[0] for row in rows(NOT_ONCE)] == [charged.order_id]


def test_money_that_was_kept_is_found(make_order: MakeOrder) -> None:
    cancelled = make_order(status="CANCELLED")
    charge_again(cancelled)
    assert rows(KEPT) == [(cancelled.order_id,)]
