"""Gateway calls, each recorded before it is made and again when it is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db.models.functions import Now

from orders.errors import GatewayMissing, OutsideWorldFailed
from orders.events import Fact
from orders.models import Order, Payment, PaymentAttempt
from orders.money import Money
from orders.payments.gateways.interface import Charge, Outcome, PaymentGateway, PaymentRequest, RefundAnswer
from orders.payments.gateways.registry import find_gateway
from orders.texts import LONGEST_REFERENCE, clean_line

AnswerT = TypeVar("AnswerT", Charge, RefundAnswer)

ATTEMPT_OUTCOMES: Final[Mapping[Outcome, PaymentAttempt.Outcome]] = {
    Outcome.OPEN: PaymentAttempt.Outcome.PENDING,
    Outcome.AUTHORISED: PaymentAttempt.Outcome.SUCCEEDED,
    Outcome.CHARGED: PaymentAttempt.Outcome.SUCCEEDED,
    Outcome.PENDING: PaymentAttempt.Outcome.PENDING,
    Outcome.REQUIRES_ACTION: PaymentAttempt.Outcome.PENDING,
    Outcome.DECLINED: PaymentAttempt.Outcome.DECLINED,
    Outcome.CLOSED: PaymentAttempt.Outcome.DECLINED,
}
LONGEST_CODE: Final = 64
# What may have been taken under a key while a payment is at one of these is for the gateway to say.
UNDECIDED: Final = (
    *(Payment.Status.PENDING, Payment.Status.UNKNOWN),
    *(Payment.Status.REQUIRES_ACTION, Payment.Status.AUTHORISED),
)


@dataclass(frozen=True)
class Call:
    """A call to the gateway that is about to be made; `reference` is the gateway's own id of the payment, if known."""

    gateway: str
    request: PaymentRequest
    reference: str
    attempt: PaymentAttempt
    is_first: bool


def describe_payment(order: Order, payment: Payment, *, with_lines: bool = True) -> PaymentRequest:
    """Return what the gateway is asked for with the payment of an order."""
    return PaymentRequest(
        idempotency_key=payment.payment_id,
        order_id=order.order_id,
        money=order.total_money,
        customer=order.customer,
        shipping_address=order.shipping_address,
        payment_method=order.payment_method,
        lines=tuple(line.facts for line in order.lines.all()) if with_lines else (),
    )


def begin_attempt(order: Order, payment: Payment, kind: PaymentAttempt.Kind, *, is_first: bool = False) -> Call:
    """Record that the gateway is about to be called for the payment of a locked order; `is_first` that it never was."""
    request = describe_payment(order, payment)
    attempt = PaymentAttempt.objects.create(payment=payment, kind=kind, request_hash=request.hash)
    return Call(payment.gateway, request, payment.gateway_reference, attempt, is_first)


def ask_gateway(call: Call, ask: Callable[[PaymentGateway], AnswerT]) -> AnswerT:
    """Call the payment's own gateway and record what is known of the outcome. Raises OutsideWorldFailed."""
    try:
        answer = ask(find_gateway(call.gateway))
    except OutsideWorldFailed as error:
        _finish(call.attempt, PaymentAttempt.Outcome.FAILED, error=str(error))
        if call.attempt.kind != PaymentAttempt.Kind.REFUND and not isinstance(error, GatewayMissing):
            _note_that_outcome_is_unknown(call.request.idempotency_key)
        raise
    if isinstance(answer, RefundAnswer):
        outcome = PaymentAttempt.Outcome.SUCCEEDED if answer.is_done else PaymentAttempt.Outcome.DECLINED
    elif call.attempt.kind == PaymentAttempt.Kind.VOID and answer.outcome == Outcome.CLOSED:
        outcome = PaymentAttempt.Outcome.SUCCEEDED
    else:
        outcome = ATTEMPT_OUTCOMES[answer.outcome]
    _finish(call.attempt, outcome, code=answer.code, error=answer.text)
    return answer


def open_payment(request: PaymentRequest, gateway: PaymentGateway, known: Charge | None) -> str:
    """Have the gateway open a payment, and write its own id of it before any money may move under it.

    Where two attempts get here at once and the gateway gives them two ids, both go on with the one written first: an
    id that is not written is never charged. Raises OutsideWorldFailed, and PaymentDeclined as the gateway does.
    """
    reference = clean_line((known.reference if known else "") or gateway.open(request), LONGEST_REFERENCE)
    if not reference:
        return ""
    undecided = Payment.objects.filter(payment_id=request.idempotency_key, status__in=UNDECIDED)
    undecided.filter(gateway_reference="").update(gateway_reference=reference, updated_at=Now())
    stored = undecided.values_list("gateway_reference", flat=True).first()
    if stored is None:
        raise OutsideWorldFailed("The payment was decided while the gateway opened it.")
    return stored


def close_free_payment(payment: Payment) -> None:
    """Write that nothing is due. An earlier release may have asked the gateway, and had an answer or none."""
    payment.status = Payment.Status.NOTHING_DUE
    payment.save(update_fields=["status", "updated_at"])


def facts_of(money: Money, reference: str) -> dict[str, Fact]:
    """Return what an event tells of money that moved."""
    return {"amount": money.minor, "currency": money.currency, "gateway_reference": reference}


def _note_that_outcome_is_unknown(payment_id: str) -> None:
    Payment.objects.filter(payment_id=payment_id, status=Payment.Status.PENDING).update(
        status=Payment.Status.UNKNOWN, updated_at=Now()
    )


def _finish(attempt: PaymentAttempt, outcome: PaymentAttempt.Outcome, *, code: str = "", error: str = "") -> None:
    PaymentAttempt.objects.filter(pk=attempt.pk).update(
        outcome=outcome, code=clean_line(code, LONGEST_CODE), error=clean_line(error), finished_at=Now()
    )
