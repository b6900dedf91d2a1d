"""orders.engine.audit: every order, open or not, against the books of others and against Temporal, both ways."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from orders import contracts
from orders.engine import runs, temporal
from orders.engine.audit import audit_orders
from orders.models import CarrierBooking, GatewayMovement, Order
from orders.money import Money
from orders.order_facts import Address, Customer
from orders.payments.gateways.interface import PaymentRequest, RefundRequest
from orders.payments.gateways.registry import gateway_of_new_payments
from orders.shipping.partners.interface import Parcel
from orders.shipping.partners.registry import carrier_of_new_shipments
from orders.states import HAPPY_PATH
from tests.making import MakeOrder
from tests.orders.payments.moving import request_of
from tests.waiting import wait_until

gateway, carrier = gateway_of_new_payments(), carrier_of_new_shipments()
CUSTOMER, ADDRESS = Customer("Emma", "emma@example.com"), Address("Long Street 1", "", "10115", "Berlin", "", "DE")

pytestmark = pytest.mark.django_db


def complaints() -> dict[str, str]:
    return {item.order_id: item.sentence for item in audit_orders().discrepancies}


def parcel_of(order_id: str) -> Parcel:
    return Parcel(contracts.shipping_workflow_id(order_id), order_id, CUSTOMER, ADDRESS, ())


@pytest.mark.parametrize("status", [*HAPPY_PATH, "CANCELLING", "CANCELLED"])
@pytest.mark.parametrize("cancelled_from", ["PENDING_MANUAL_APPROVAL", "DISPATCHED"])
def test_an_order_that_came_there_in_the_ordinary_way_is_fine(
    make_order: MakeOrder, status: str, cancelled_from: str
) -> None:
    make_order(status, cancelled_from=cancelled_from)
    assert complaints() == {}


def charge(order: Order) -> None:
    gateway.charge(request_of(order), "")


def charge_twice(order: Order) -> None:
    movement = GatewayMovement.objects.get(merchant_reference=order.order_id)
    movement.pk, movement.reference = None, "sim-SECOND"
    movement.save(force_insert=True)


def give_back(order: Order) -> None:
    gateway.refund(RefundRequest("refund-1", order.payment_id, order.order_id, order.total_money, ""))


def give_back_too_much(order: Order) -> None:
    for number in range(2):
        GatewayMovement.objects.create(
            idempotency_key=order.payment_id,
            kind="REFUND",
            amount=order.total,
            currency=order.currency,
            merchant_reference=order.order_id,
            reference=f"sim-{number}",
        )


def book(order: Order) -> None:
    carrier.book(parcel_of(order.order_id))


def recall(order: Order) -> None:
    carrier.recall(contracts.shipping_workflow_id(order.order_id))


def lose_parcel(order: Order) -> None:
    CarrierBooking.objects.all().delete()


def forget_payment(order: Order) -> None:
    with connection.cursor() as cursor:
        for table in ("orders_paymentattempt", "orders_payment"):
            cursor.execute(f"DELETE FROM {table} WHERE payment_id = %s", [order.payment_id])  # noqa: S608


@pytest.mark.parametrize(
    ("status", "disturb", "sentence"),
    [
        ("PENDING_MANUAL_APPROVAL", charge, "is awaiting approval, but the gateway charged 25.00 EUR"),
        ("CREATED", charge, "is created, but the gateway charged"),
        ("PAID", give_back, "refunded 25.00 EUR, but the console has refunds of 0.00 EUR"),
        ("COMPLETED", give_back, "refunded 25.00 EUR, but the console has refunds of 0.00 EUR"),
        ("COMPLETED", charge_twice, "charged 2 times"),
        ("PAID", give_back_too_much, "refunded 25.00 EUR more than it charged"),
        ("CANCELLED", charge, "is cancelled, but the gateway kept 25.00 EUR"),
        ("PAID", book, "is paid, but the carrier has its parcel"),
        ("CANCELLED", book, "is cancelled, but the carrier has its parcel"),
        ("COMPLETED", recall, "is completed, but the carrier has no parcel for it, or has recalled it"),
        ("DISPATCHED", lose_parcel, "is dispatched, but the carrier has no parcel"),
        ("PAID", forget_payment, "charged a payment that the console does not have"),
    ],
)
def test_what_is_wrong_is_said(
    make_order: MakeOrder, status: str, disturb: Callable[[Order], None], sentence: str
) -> None:
    order, fine = make_order(status), make_order("COMPLETED")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    disturb(order)
    found = complaints()
    assert sentence in found[order.order_id]
    assert disturb is lose_parcel or fine.order_id not in found


def test_what_the_console_does_not_know_is_found(db: None) -> None:
    gateway.charge(PaymentRequest("pay-X", "order-GONE", Money(100, "EUR"), CUSTOMER, ADDRESS), "")
    carrier.book(parcel_of("order-AWAY"))
    assert complaints() == {
        "order-GONE": "The gateway has an order that the console does not.",
        "order-AWAY": "The carrier has a parcel for an order that the console does not have.",
    }


def test_without_temporal_the_books_are_compared_all_the_same(make_order: MakeOrder) -> None:
    make_order("COMPLETED")
    audit = audit_orders()
    assert (audit.runs, audit.orders, audit.charges, audit.parcels) == (None, 1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_orders_and_runs_that_miss_each_other_are_found(temporal_server: str, make_order: MakeOrder) -> None:
    lonely, done, waiting = make_order("PAID"), make_order("COMPLETED"), make_order()
    for order_id in (done.order_id, waiting.order_id, "order-UNKNOWN"):
        temporal.start_order(contracts.OrderInput(order_id, "pay-1"))
    Order.objects.update(updated_at=timezone.now() - timedelta(hours=1))
    expected = {
        lonely.order_id: "The order is open, but no workflow is running for it.",
        done.order_id: "The order is closed, but a workflow is still running for it.",
        "order-UNKNOWN": "A workflow is running for an order that the console does not have.",
    }
    try:
        # The server also knows runs that other tests left.
        wait_until(lambda: expected.items() <= complaints().items(), what="the list of runs")
        assert waiting.order_id not in complaints()
    finally:
        for order_id in (done.order_id, waiting.order_id, "order-UNKNOWN"):
            run = temporal.describe_run(order_id)
            assert run is not None
            runs.terminate_run(order_id, run.run_id, "The test is over.")
