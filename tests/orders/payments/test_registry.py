"""The gateway of a payment is the one that its row names, and no other."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from orders import contracts
from orders.engine.audit import audit_orders
from orders.errors import GatewayMissing
from orders.models import GatewayMovement, Order, Payment, PaymentAttempt
from orders.payments.charge import charge_payment
from orders.payments.gateways.registry import check_capture, list_gateways
from orders.payments.gateways.simulated import SimulatedGateway
from orders.payments.refund import refund_payment
from tests.database import past_the_rules
from tests.making import MakeOrder
from tests.orders.payments.own_gateway import OWN

pytestmark = pytest.mark.django_db

SENTENCE = "The payment uses the gateway stripe, which is not configured here."


def of_another_gateway(order: Order) -> Order:
    with past_the_rules():
        Payment.objects.filter(order=order).update(gateway="stripe")
    return order


def refund(order: Order) -> contracts.PaymentRefunded:
    return refund_payment(contracts.RefundPayment(order.order_id, order.payment_id, "STAFF", "Customer called"))


def test_a_payment_of_a_gateway_that_is_not_here_is_not_refunded_by_another(make_order: MakeOrder) -> None:
    order = of_another_gateway(make_order("PAID"))
    moved = GatewayMovement.objects.count()
    with pytest.raises(GatewayMissing, match="gateway stripe, which is not configured here"):
        refund(order)
    assert GatewayMovement.objects.count() == moved
    attempt = PaymentAttempt.objects.get(kind="REFUND")
    assert (attempt.outcome, attempt.error) == ("FAILED", SENTENCE)


def test_nor_is_it_charged(make_order: MakeOrder) -> None:
    order = of_another_gateway(make_order("CHARGING_PAYMENT"))
    with pytest.raises(GatewayMissing):
        charge_payment(contracts.ChargePayment(order.order_id, order.payment_id))
    assert not GatewayMovement.objects.exists()


def test_the_audit_tells_of_it(make_order: MakeOrder) -> None:
    order = of_another_gateway(make_order("CANCELLING", cancelled_from="PAID"))
    assert [found.sentence for found in audit_orders().discrepancies if found.order_id == order.order_id] == [SENTENCE]


class Another(SimulatedGateway):
    """Never asked about payments of the first one."""

    name = "another"  # type: ignore[misc]


def test_a_payment_stays_with_its_gateway_when_new_ones_get_another(make_order: MakeOrder, settings: Settings) -> None:
    order = make_order("PAID")
    settings.PAYMENT_GATEWAYS = [f"{__name__}.Another", *settings.PAYMENT_GATEWAYS]
    assert refund(order).amount == order.total
    assert make_order("PAID").payment.gateway == "another"


@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        ([f"{__name__}.NoSuchGateway"], "PAYMENT_GATEWAYS is wrong: .*NoSuchGateway cannot be imported"),
        ([f"{__name__}.Another"] * 2, "two of its classes are named another"),
        (["orders.payments.gateways.interface.Charge"], "cannot be made"),
    ],
)
def test_a_wrong_setting_is_a_sentence(paths: list[str], sentence: str, settings: Settings) -> None:
    settings.PAYMENT_GATEWAYS = paths
    with pytest.raises(ImproperlyConfigured, match=sentence):
        list_gateways()


def test_a_gateway_that_takes_no_authorisations_stops_the_start_where_orders_bring_them(settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "authorised"
    check_capture()
    settings.PAYMENT_GATEWAYS = [OWN, *settings.PAYMENT_GATEWAYS]
    with pytest.raises(ImproperlyConfigured, match=r"PAYMENT_CAPTURE is authorised, and the first .* own, takes no"):
        check_capture()
