"""Gateway calls, each recorded before it is made and again when it is answered."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders.errors import GatewayMissing, OutsideWorldFailed
from orders.events import Fact
from orders.lifecycle.lookup import Question, build_row
from orders.models import Order, OrderLine, Payment, PaymentAttempt
from orders.money import Money
from orders.payments.gateways.interface import (
    AuthorisingGateway,
    Charge,
    Outcome,
    PaymentGateway,
    PaymentRequest,
    RefundAnswer,
)
from orders.payments.gateways.registry import find_gateway, find_holder, gateway_of_new_payments
from orders.postgres.parts import Part, execute, insert, update
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
MISMATCH: Final = "authorisation_mismatch"
# What may have been taken under a key while a payment is at one of these is for the gateway to say.
UNDECIDED: Final = (
    *(Payment.Status.PENDING, Payment.Status.UNKNOWN),
    *(Payment.Status.REQUIRES_ACTION, Payment.Status.AUTHORISED),
)


# What `read_payment` returns of a payment, in the order of its columns.
READ: Final = (
    *("payment_id", "order_id", "amount", "currency", "status"),
    *("gateway", "gateway_reference", "request_hash"),
)


@dataclass(frozen=True)
class Call:
    """A call to the gateway that is about to be made; `reference` is the gateway's own id of the payment, if known."""

    gateway: str
    request: PaymentRequest
    reference: str
    attempt: PaymentAttempt
    is_first: bool


def ask_payment(payment_id: str) -> Question:
    """Return the question for a payment, for `read_payment`."""
    return Question("(SELECT to_jsonb(payment) FROM orders_payment AS payment WHERE payment_id = %s)", (payment_id,))


def read_payment(row: str | None) -> Payment | None:
    """Return the payment from the answer to the question for it, without its times; None when there is none."""
    return build_row(Payment, READ, row)


def describe_payment(order: Order, payment: Payment, lines: Iterable[OrderLine] | None = None) -> PaymentRequest:
    """Return what the gateway is asked for with the payment of an order; `lines` are read where they are not given."""
    return PaymentRequest(
        idempotency_key=payment.payment_id,
        order_id=order.order_id,
        money=order.total_money,
        customer=order.customer,
        shipping_address=order.shipping_address,
        payment_method=order.payment_method,
        lines=tuple(line.facts for line in (order.lines.all() if lines is None else lines)),
    )


def new_payment(order: Order, payment_id: str, *, gateway: str = "") -> Payment:
    """Return the payment of an order, not written yet: with this gateway, or that of its authorisation, or of new ones.

    The payment_id was fixed when the order was submitted.
    """
    if not order.is_free and not gateway:
        gateway = (find_holder(order.payment_method) or gateway_of_new_payments()).name
    payment = Payment(payment_id=payment_id, order=order, amount=order.total, currency=order.currency, gateway=gateway)
    payment.request_hash = describe_payment(order, payment, lines=()).hash
    return payment


def is_authorised_by_shop(order: Order) -> bool:
    """Tell whether the order brought an authorisation, which is captured where others are charged."""
    return not order.is_free and find_holder(order.payment_method) is not None


def accept_authorisation(call: Call, gateway: PaymentGateway) -> Charge:
    """Return what the gateway says of the authorisation that the order brought. Raises OutsideWorldFailed."""
    if not isinstance(gateway, AuthorisingGateway):
        raise GatewayMissing(call.gateway)
    return gateway.accept(call.request, call.reference)


def find_mismatch(held: Money | None, total: Money) -> str:
    """Return what is wrong with an authorisation that is not for the order's total, in words; empty for nothing."""
    if held == total:
        return ""
    return f"The authorisation is for {held.plain if held else held}, and the order comes to {total.plain}."


def begin_attempt(order: Order, payment: Payment, kind: PaymentAttempt.Kind) -> Call:
    """Record that the gateway is about to be called for the payment of a locked order."""
    call = prepare_call(order, payment, kind)
    execute(insert(call.attempt))
    return call


def prepare_call(
    order: Order,
    payment: Payment,
    kind: PaymentAttempt.Kind,
    lines: Iterable[OrderLine] | None = None,
    *,
    is_first: bool = False,
) -> Call:
    """Return a call whose attempt has still to be written, before it is made; `is_first` that there never was one."""
    request = describe_payment(order, payment, lines)
    attempt = PaymentAttempt(payment=payment, kind=kind, request_hash=request.hash)
    return Call(payment.gateway, request, payment.gateway_reference, attempt, is_first)


def ask_gateway(call: Call, ask: Callable[[PaymentGateway], AnswerT]) -> AnswerT:
    """Call the payment's own gateway and record what is known of the outcome. Raises OutsideWorldFailed."""
    answer, finished = call_gateway(call, ask)
    execute(finished)
    return answer


def call_gateway(call: Call, ask: Callable[[PaymentGateway], AnswerT]) -> tuple[AnswerT, Part]:
    """Call the payment's own gateway; return its answer, and the statement that records the outcome with it.

    A process that dies before that leaves the attempt without an outcome, and the gateway is asked again. Raises
    OutsideWorldFailed, which is recorded.
    """
    try:
        answer = ask(find_gateway(call.gateway))
    except OutsideWorldFailed as error:
        execute(_finish(call.attempt, PaymentAttempt.Outcome.FAILED, error=str(error)))
        if call.attempt.kind != PaymentAttempt.Kind.REFUND and not isinstance(error, GatewayMissing):
            _note_that_outcome_is_unknown(call.request.idempotency_key)
        raise
    if isinstance(answer, RefundAnswer):
        outcome = PaymentAttempt.Outcome.SUCCEEDED if answer.is_done else PaymentAttempt.Outcome.DECLINED
    elif call.attempt.kind == PaymentAttempt.Kind.VOID and answer.outcome == Outcome.CLOSED:
        outcome = PaymentAttempt.Outcome.SUCCEEDED
    else:
        outcome = ATTEMPT_OUTCOMES[answer.outcome]
    return answer, _finish(call.attempt, outcome, code=answer.code, error=answer.text)


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
        raise OutsideWorldFailed(_("The payment was decided while the gateway opened it."))
    return stored


def close_free_payment(payment: Payment) -> None:
    """Write that nothing is due. An earlier release may have asked the gateway, and had an answer or none."""
    payment.status = Payment.Status.NOTHING_DUE
    payment.save(update_fields=["status", "updated_at"])


def facts_of(money: Money, reference: str) -> dict[str, Fact]:
    """Return what an event tells of money that moved."""
    return {"amount": money.minor, "currency": money.currency, "gateway_reference": reference}


def _note_that_outcome_is_unknown(payment_id: str) -> None:
    known = (Payment.Status.PENDING, Payment.Status.AUTHORISED)
    Payment.objects.filter(payment_id=payment_id, status__in=known).update(
        status=Payment.Status.UNKNOWN, updated_at=Now()
    )


def _finish(attempt: PaymentAttempt, outcome: PaymentAttempt.Outcome, *, code: str = "", error: str = "") -> Part:
    said = {"code": clean_line(code, LONGEST_CODE), "error": clean_line(error)}
    return update(PaymentAttempt, {"outcome": outcome, **said, "finished_at": Now()}, id=attempt.pk)
