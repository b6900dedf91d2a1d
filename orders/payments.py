"""The money: the only module that writes payments and their attempts.

A charge cannot be one transaction, for the gateway is not part of it. It is two: first the payment and the attempt are
written, then the gateway is called with the payment_id as idempotency key, then the answer is written. An attempt whose
answer never came stays UNKNOWN, and the next one asks the gateway before it charges.

An order that costs nothing has a payment too, which says so; no gateway is asked about it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.db.models.functions import Now

from orders import contracts
from orders.clock import database_now
from orders.errors import OutsideWorldFailed, PaymentDeclined
from orders.events import EventKind, Fact
from orders.gateways import ChargeRequest, gateway
from orders.history import accept_approval, add_event, lock_order, refuse_approval
from orders.models import Order, Payment, PaymentAttempt
from orders.money import Money
from orders.projections import advance, begin_cancelling, judge_approval, lock_open_order, read_order, record_decision
from orders.states import DecisionKind, RefusalCode, Status, is_at_or_past
from orders.texts import LONGEST_REFERENCE, clean_line

T = TypeVar("T")


@dataclass(frozen=True)
class _Call:
    """A call to the gateway that is about to be made."""

    request: ChargeRequest
    attempt: PaymentAttempt
    is_first: bool


def charge_payment(command: contracts.ChargePayment) -> contracts.PaymentCharged:
    """Charge the order's payment exactly once, however often this is called, unless its approval does not count.

    Raises PaymentDeclined when the gateway refuses for good, OutsideWorldFailed when the outcome is unknown,
    OrderNotFound, OrderClosed, IllegalTransition.
    """
    call = _begin_charge(command)
    if isinstance(call, RefusalCode):
        return contracts.PaymentCharged(command.payment_id, 0, "", "", is_approval_refused=True)
    if call is None:
        return _charged(Payment.objects.get(payment_id=command.payment_id))
    try:
        reference = _ask(call, lambda: _charge_once(call))
    except PaymentDeclined as error:
        _write_decline(command, str(error))
        raise
    return _write_charge(command, clean_line(reference, LONGEST_REFERENCE))


def refund_payment(command: contracts.RefundPayment) -> contracts.PaymentRefunded:
    """Begin the cancellation and give back what was taken, once; where nothing was, close the payment for good.

    Raises OutsideWorldFailed when the outcome is unknown, OrderNotFound, OrderClosed.
    """
    call = _begin_refund(command)
    if call is None:
        payment = Payment.objects.filter(payment_id=command.payment_id, status=Payment.Status.REFUNDED).first()
        return contracts.PaymentRefunded(
            command.payment_id, *((payment.amount, payment.currency) if payment else (0, ""))
        )
    refund = _ask(call, lambda: gateway.refund(call.request))
    with transaction.atomic():
        order = lock_order(command.order_id)
        is_refunded = refund.money.minor > 0 or bool(refund.reference)
        payment = Payment.objects.get(payment_id=command.payment_id)
        payment.status = Payment.Status.REFUNDED if is_refunded else Payment.Status.DECLINED
        # A charge whose answer never came is known to us only by its refund.
        payment.gateway_reference = payment.gateway_reference or clean_line(refund.reference, LONGEST_REFERENCE)
        payment.save(update_fields=["status", "gateway_reference", "updated_at"])
        key = f"refunded:{command.payment_id}"
        if is_refunded:
            add_event(order, EventKind.REFUNDED, _facts_of(refund.money, refund.reference), key=key)
        else:
            add_event(order, EventKind.CLOSED_UNCHARGED, key=key)
    return contracts.PaymentRefunded(command.payment_id, refund.money.minor, refund.money.currency)


def adopt_charge(order_id: str) -> None:
    """Write down a charge that the gateway has and the tables do not know, as after a restore from an older copy.

    It stands as an attempt without an answer, so that the next charge asks the gateway first and a refund finds it.
    """
    order = read_order(order_id)
    if order.is_free or Payment.objects.filter(order=order).exists() or not gateway.has_charged(order.payment_id):
        return
    with transaction.atomic():
        order = lock_open_order(order_id)
        payment = _open_payment(order, order.payment_id)
        if not payment.attempts.exists():
            PaymentAttempt.objects.create(payment=payment, kind=PaymentAttempt.Kind.CHARGE, finished_at=database_now())
            add_event(order, EventKind.CHARGE_FOUND, key=f"adopted:{payment.payment_id}")


@transaction.atomic
def _begin_charge(command: contracts.ChargePayment) -> _Call | RefusalCode | None:
    """Write the approval, the payment and the attempt; None when the payment is charged, or there is nothing due.

    Where the approval does not count, that is written, and why is returned.
    """
    order = lock_open_order(command.order_id)
    if order.status == Status.CANCELLING:
        raise PaymentDeclined("The order is being cancelled.")
    refusal = judge_approval(order, command.decision)
    if refusal is not None:
        refuse_approval(order, command.decision, refusal)
        return refusal
    accept_approval(order, record_decision(order, DecisionKind.APPROVE, command.decision))
    advance(order, Status.CHARGING_PAYMENT)
    payment = _open_payment(order, command.payment_id)
    if order.is_free:
        _close_free_payment(payment)
        add_event(order, EventKind.NOTHING_TO_CHARGE, key=f"charged:{payment.payment_id}")
        advance(order, Status.PAID)
        return None
    if payment.status == Payment.Status.CHARGED:
        return None
    return _begin_attempt(order, payment, PaymentAttempt.Kind.CHARGE)


def _close_free_payment(payment: Payment) -> None:
    """Write that nothing is due. An earlier release may have asked the gateway, and had an answer or none."""
    payment.status = Payment.Status.NOTHING_DUE
    payment.save(update_fields=["status", "updated_at"])


def _open_payment(order: Order, payment_id: str) -> Payment:
    """Return the order's payment, which is written unless it is there."""
    # INSERT ... ON CONFLICT DO NOTHING: the payment_id was fixed when the order was submitted.
    payment = Payment(
        payment_id=payment_id,
        order=order,
        amount=order.total,
        currency=order.currency,
        gateway="" if order.is_free else gateway.name,
    )
    Payment.objects.bulk_create([payment], ignore_conflicts=True)
    return Payment.objects.get(payment_id=payment_id)


@transaction.atomic
def _begin_refund(command: contracts.RefundPayment) -> _Call | None:
    """Begin the cancellation and write the attempt; None when there is nothing to ask the gateway."""
    order = lock_open_order(command.order_id)
    begin_cancelling(order, reason_code=command.reason_code, reason=command.reason, decision=command.decision)
    payment = Payment.objects.filter(order=order).first()
    if order.is_free:
        if payment is not None:
            _close_free_payment(payment)
        add_event(order, EventKind.NOTHING_TO_REFUND, key=f"refunded:{command.payment_id}")
        return None
    if payment is None or payment.status in {Payment.Status.REFUNDED, Payment.Status.DECLINED}:
        return None
    return _begin_attempt(order, payment, PaymentAttempt.Kind.REFUND)


def _begin_attempt(order: Order, payment: Payment, kind: PaymentAttempt.Kind) -> _Call:
    is_first = not payment.attempts.filter(kind=kind).exists()
    request = ChargeRequest(
        idempotency_key=payment.payment_id,
        money=payment.amount_money,
        merchant_reference=order.order_id,
        payer=order.customer_email,
    )
    return _Call(request, PaymentAttempt.objects.create(payment=payment, kind=kind), is_first)


def _charge_once(call: _Call) -> str:
    """Charge, but ask first when an earlier attempt may have had its effect."""
    known = None if call.is_first else gateway.find_charge(call.request.idempotency_key)
    return known or gateway.charge(call.request)


def _ask(call: _Call, ask: Callable[[], T]) -> T:
    """Make the call and write what is known of its outcome."""
    try:
        answer = ask()
    except PaymentDeclined as error:
        _finish(call.attempt, PaymentAttempt.Outcome.DECLINED, str(error))
        raise
    except OutsideWorldFailed as error:
        _finish(call.attempt, PaymentAttempt.Outcome.FAILED, str(error))
        raise
    _finish(call.attempt, PaymentAttempt.Outcome.SUCCEEDED)
    return answer


def _finish(attempt: PaymentAttempt, outcome: PaymentAttempt.Outcome, error: str = "") -> None:
    attempt.outcome, attempt.error, attempt.finished_at = outcome, error, database_now()
    attempt.save(update_fields=["outcome", "error", "finished_at"])


@transaction.atomic
def _write_charge(command: contracts.ChargePayment, reference: str) -> contracts.PaymentCharged:
    """Write the charge, unless the order was cancelled while the gateway took its time: then the refund knows more."""
    order = lock_order(command.order_id)
    payment = Payment.objects.get(payment_id=command.payment_id)
    if payment.status == Payment.Status.PENDING:
        payment.status, payment.gateway_reference = Payment.Status.CHARGED, reference
        payment.save(update_fields=["status", "gateway_reference", "updated_at"])
        facts = _facts_of(payment.amount_money, reference)
        add_event(order, EventKind.CHARGED, facts, key=f"charged:{payment.payment_id}")
    if not is_at_or_past(Status(order.status), Status.CANCELLING):
        advance(order, Status.PAID)
    return _charged(payment)


@transaction.atomic
def _write_decline(command: contracts.ChargePayment, sentence: str) -> None:
    order = lock_order(command.order_id)
    declined = Payment.objects.filter(payment_id=command.payment_id, status=Payment.Status.PENDING)
    if declined.update(status=Payment.Status.DECLINED, updated_at=Now()):
        add_event(order, EventKind.CHARGE_DECLINED, {"error": sentence}, key=f"declined:{command.payment_id}")


def _facts_of(money: Money, reference: str) -> dict[str, Fact]:
    """Return what an event tells of money that moved."""
    return {"amount": money.minor, "currency": money.currency, "gateway_reference": reference}


def _charged(payment: Payment) -> contracts.PaymentCharged:
    return contracts.PaymentCharged(payment.payment_id, payment.amount, payment.currency, payment.gateway_reference)
