"""Gateway calls, each recorded before it is made and again when it is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models.functions import Now

from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.events import Fact
from orders.models import Order, Payment, PaymentAttempt
from orders.money import Money
from orders.payments.gateways.interface import ChargeRequest, PaymentGateway
from orders.payments.gateways.registry import find_gateway

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A call to the gateway that is about to be made."""

    gateway: str
    request: ChargeRequest
    attempt: PaymentAttempt
    is_first: bool


def begin_attempt(order: Order, payment: Payment, kind: PaymentAttempt.Kind) -> Call:
    """Record that the gateway is about to be called for the payment of a locked order."""
    is_first = not payment.attempts.filter(kind=kind).exists()
    request = ChargeRequest(
        idempotency_key=payment.payment_id,
        money=payment.amount_money,
        merchant_reference=order.order_id,
        payer=order.customer_email,
    )
    return Call(payment.gateway, request, PaymentAttempt.objects.create(payment=payment, kind=kind), is_first)


def ask_gateway(call: Call, ask: Callable[[PaymentGateway], T]) -> T:
    """Call the payment's own gateway and record what is known of the outcome."""
    try:
        answer = ask(find_gateway(call.gateway))
    except PaymentDeclined as error:
        _finish(call.attempt, PaymentAttempt.Outcome.DECLINED, str(error))
        raise
    except OutsideWorldFailed as error:
        _finish(call.attempt, PaymentAttempt.Outcome.FAILED, str(error))
        raise
    _finish(call.attempt, PaymentAttempt.Outcome.SUCCEEDED)
    return answer


def _finish(attempt: PaymentAttempt, outcome: PaymentAttempt.Outcome, error: str = "") -> None:
    PaymentAttempt.objects.filter(pk=attempt.pk).update(outcome=outcome, error=error, finished_at=Now())


def close_free_payment(payment: Payment) -> None:
    """Write that nothing is due. An earlier release may have asked the gateway, and had an answer or none."""
    payment.status = Payment.Status.NOTHING_DUE
    payment.save(update_fields=["status", "updated_at"])


def facts_of(money: Money, reference: str) -> dict[str, Fact]:
    """Return what an event tells of money that moved."""
    return {"amount": money.minor, "currency": money.currency, "gateway_reference": reference}
