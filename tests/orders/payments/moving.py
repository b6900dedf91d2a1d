"""Moves the money of orders in tests, and reads the gateway's own books."""

from orders import contracts
from orders.models import GatewayMovement, Order, Payment
from orders.payments.attempts import describe_payment
from orders.payments.charge import charge_payment
from orders.payments.gateways.interface import PaymentRequest
from orders.payments.refund import refund_payment
from orders.states import ReasonCode
from tests.making import approve


def charge(order: Order) -> contracts.PaymentCharged:
    approve(order)
    return charge_payment(contracts.ChargePayment(order.order_id, order.payment_id))


def refund(order: Order) -> contracts.PaymentRefunded:
    return refund_payment(contracts.RefundPayment(order.order_id, order.payment_id, ReasonCode.STAFF, "No."))


def request_of(order: Order) -> PaymentRequest:
    """What the gateway is asked for with the order's payment."""
    return describe_payment(order, Payment(payment_id=order.payment_id))


def movements(order: Order) -> list[str]:
    """What the gateway's own books say of the order."""
    return [movement.kind for movement in GatewayMovement.objects.filter(merchant_reference=order.order_id)]
