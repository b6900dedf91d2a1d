"""An order is read by a statement that is put together once; what comes out is what the ORM would read."""

import json
import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.errors import OrderNotFound
from orders.lifecycle.lookup import (
    LINES,
    lock_free_orders_and_ask,
    lock_order,
    read_lines,
    read_order,
    read_order_and_ask,
)
from orders.models import Order, OrderLine
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def facts_of(order: Order) -> dict[str, object]:
    return {name: value for name, value in vars(order).items() if name != "_state"}


def test_it_is_what_the_orm_reads(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    expected = Order.objects.get(pk=order.pk)

    assert facts_of(read_order(order.order_id)) == facts_of(expected)
    with transaction.atomic():
        assert facts_of(lock_order(order.order_id)) == facts_of(expected)


def test_it_knows_that_it_is_in_the_database(make_order: MakeOrder) -> None:
    order = read_order(make_order().order_id)

    with CaptureQueriesContext(connection) as captured:
        order.save(update_fields=["run_id"])

    assert captured.captured_queries[0]["sql"].startswith("UPDATE")


def test_lines_are_what_the_orm_reads_also_where_the_database_is_ahead(make_order: MakeOrder) -> None:
    order = make_order()
    found, (rows,) = read_order_and_ask(order.order_id, LINES)
    ahead = json.dumps([row | {"of_tomorrow": 1} for row in json.loads(rows)])

    def facts(line: OrderLine) -> dict[str, object]:
        return {name: value for name, value in vars(line).items() if name != "_state"}

    for read in (rows, ahead):
        assert [facts(line) for line in read_lines(found, read)] == [facts(line) for line in order.lines.all()]


@pytest.mark.parametrize("order_id", ["order-NONE", "no id", ""])
def test_an_unknown_order_is_not_found(order_id: str) -> None:
    with pytest.raises(OrderNotFound), transaction.atomic():
        lock_order(order_id)


@pytest.mark.django_db(transaction=True)
def test_of_many_those_that_somebody_holds_are_passed_over(make_order: MakeOrder) -> None:
    held, free = make_order(), make_order()
    found: list[list[int]] = []

    def look() -> None:
        with transaction.atomic():
            found.append([order.pk for order, _ in lock_free_orders_and_ask([held.pk, free.pk])])
        connection.close()

    with transaction.atomic():
        lock_order(held.order_id)
        somebody = threading.Thread(target=look)
        somebody.start()
        somebody.join(60)

    assert found == [[free.pk]]
