"""A gateway that a shop wrote itself: everything asks the interface, and nothing the simulated gateway's tables."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from orders.engine.audit import audit_orders
from orders.errors import OutsideWorldFailed
from orders.models import GatewayMovement
from orders.payments.gateways.interface import Charge, PaymentRequest
from tests.making import MakeOrder, make_user
from tests.orders.payments import moving
from tests.orders.payments.own_gateway import OWN, OwnGateway

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own(settings: Settings) -> None:
    settings.PAYMENT_GATEWAYS = [OWN, *settings.PAYMENT_GATEWAYS]
    OwnGateway.forget()


def test_the_audit_asks_it(make_order: MakeOrder) -> None:
    done, cancelled = make_order("COMPLETED"), make_order("CANCELLED", cancelled_from="DISPATCHED")

    audit = audit_orders()

    assert (audit.charges, audit.refunds, audit.discrepancies) == (2, 1, ())
    assert not GatewayMovement.objects.exists()
    assert (done.payment.gateway, cancelled.payment.status) == ("own", "REFUNDED")


def test_the_audit_tells_of_what_it_lost(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    OwnGateway.charges.clear()

    assert [found.order_id for found in audit_orders().discrepancies] == [order.order_id]


def test_its_own_id_is_stored_before_the_charge(make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[str] = []
    charge = OwnGateway.charge

    def look(self: OwnGateway, request: PaymentRequest, reference: str) -> Charge:
        stored.append(type(order).objects.get(pk=order.pk).payment.gateway_reference)
        return charge(self, request, reference)

    order = make_order("CHARGING_PAYMENT")
    monkeypatch.setattr(OwnGateway, "charge", look)
    moving.charge(order)
    assert stored == [f"own-{order.payment_id}"]


def test_it_is_told_what_the_order_is(make_order: MakeOrder) -> None:
    order = make_order("PAID", payment_method="pm_card_visa", customer_reference="cus_7")

    request = OwnGateway.charges[order.payment_id]

    assert (request.order_id, request.money, request.payment_method) == (
        order.order_id,
        order.total_money,
        "pm_card_visa",
    )
    assert (request.customer.reference, request.customer.email) == ("cus_7", "emma@example.com")
    assert (request.shipping_address.postal_code, request.shipping_address.country) == ("10115", "DE")
    assert [(line.sku, line.quantity) for line in request.lines] == [("MUG-1", 2)]


def test_the_admin_shows_what_it_says(make_order: MakeOrder, client: Client) -> None:
    order = make_order("PAID")
    client.force_login(make_user("root", is_superuser=True))
    page = client.get(reverse("admin:orders_payment_change", args=[order.payment_id]))
    assert "CHARGED, 25.00 EUR charged, 0.00 EUR refunded" in page.content.decode()


def test_the_admin_says_that_it_does_not_answer(
    make_order: MakeOrder, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: OwnGateway, request: PaymentRequest, reference: str) -> Charge:
        raise OutsideWorldFailed("It is away.")

    order = make_order("PAID")
    monkeypatch.setattr(OwnGateway, "find", fail)
    client.force_login(make_user("root", is_superuser=True))
    page = client.get(reverse("admin:orders_payment_change", args=[order.payment_id]))
    assert "It is away." in page.content.decode()
