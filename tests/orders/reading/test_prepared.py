"""orders.reading.prepared: a queryset whose statement is put together once finds what the queryset finds."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderEvent, OrderLine
from orders.reading.prepared import NUMBER, TEXT, PreparedQuery
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db


def test_it_finds_the_same_with_relations_and_annotations(make_order: MakeOrder) -> None:
    prepared = PreparedQuery(lambda: Order.objects.as_page().filter(order_id=TEXT))
    for order in (make_order("COMPLETED"), make_order(), make_order("CANCELLED", cancelled_from="PAID")):
        (found,) = prepared.read({TEXT: order.order_id})
        plain = Order.objects.as_page().get(pk=order.pk)
        assert vars(found).keys() == vars(plain).keys()
        for name in set(vars(plain)) - {"_state", "read_at"}:
            assert getattr(found, name) == getattr(plain, name), name
        with CaptureQueriesContext(connection) as sent:
            assert getattr(found, "payment", None) == getattr(plain, "payment", None)
            assert getattr(found, "shipment", None) == getattr(plain, "shipment", None)
        assert not sent.captured_queries


def test_values_are_read_as_their_fields_have_them(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    prepared = PreparedQuery(lambda: OrderEvent.objects.filter(order_id=NUMBER).order_by("-id")[:3])
    found = prepared.read({NUMBER: order.pk})
    assert [(each.pk, each.data, each.at) for each in found] == [
        (each.pk, each.data, each.at) for each in order.events.order_by("-id")[:3]
    ]
    assert any(isinstance(each.data, dict) and each.data for each in found)


def test_each_reading_is_of_its_own_values(make_order: MakeOrder) -> None:
    prepared = PreparedQuery(lambda: OrderLine.objects.filter(order_id=NUMBER))
    for order in (make_order(), make_order()):
        assert [line.order_id for line in prepared.read({NUMBER: order.pk})] == [order.pk]
    assert prepared.read({NUMBER: 0}) == []


def test_without_a_value_nothing_is_found(make_order: MakeOrder) -> None:
    make_order()
    assert PreparedQuery(lambda: Order.objects.filter(order_id=TEXT)).read({}) == []


def test_what_is_not_read_is_read_when_it_is_needed(make_order: MakeOrder) -> None:
    order = make_order()
    prepared = PreparedQuery(lambda: Order.objects.only("order_id").filter(pk=NUMBER))
    (found,) = prepared.read({NUMBER: order.pk})
    assert "customer_name" in found.get_deferred_fields()
    assert found.customer_name == order.customer_name


@pytest.mark.django_db(transaction=True)
def test_every_thread_reads_on_its_own_connection(make_order: MakeOrder) -> None:
    order = make_order()
    prepared = PreparedQuery(lambda: Order.objects.filter(order_id=TEXT))

    def read(_: int) -> list[int]:
        try:
            return [found.pk for found in prepared.read({TEXT: order.order_id})]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(read, range(8))) == [[order.pk]] * 8
