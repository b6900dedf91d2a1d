"""The charge of an order's payment.

A charge cannot be one transaction, because the gateway is not part of it. It is two: first the payment and the attempt
are written, then the gateway is called with the payment_id as idempotency key, then the answer is written. An attempt
whose answer never came stays UNKNOWN, and the next one asks the gateway before it charges.

An order whose total is zero has a payment too, which says so; no gateway is called for it.
"""

from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models.functions import Now

from orders import contracts
from orders.errors import PaymentDeclined
from orders.events import EventKind
from orders.lifecycle.decisions import accept_approval, judge_approval, record_decision, refuse_approval
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order, lock_order, read_order
from orders.lifecycle.statuses import advance
from orders.models import Order, Payment, PaymentAttempt
from orders.payments.attempts import Call, ask_gateway, begin_attempt, close_free_payment, facts_of
from orders.payments.gateways import registry
from orders.payments.gateways.interface import PaymentGateway
from orders.policy.approvals import find_counting
from orders.states import DecisionKind, Status, is_at_or_past
from orders.texts import LONGEST_REFERENCE, clean_line


@dataclass(frozen=True)
class NotEnough:
    """Nothing is charged yet: these approvals count, by their ids, and they are not as many as are needed."""

    counting: tuple[str, ...]
    approvals_needed: int


def charge_payment(command: contracts.ChargePayment) -> contracts.PaymentCharged:
    """Charge the order's payment exactly once, however often this is called, unless its approval does not count.

    Raises PaymentDeclined when the gateway refuses for good, OutsideWorldFailed when the outcome is unknown,
    OrderNotFound, OrderClosed, IllegalTransition.
    """
    call = _begin_charge(command)
    if isinstance(call, NotEnough):
        return contracts.PaymentCharged(command.payment_id, 0, "", "", is_approval_refused=True, **asdict(call))
    if call is None:
        return _charged(Payment.objects.get(payment_id=command.payment_id))
    try:
        reference = ask_gateway(call, lambda gateway: _charge_once(call, gateway))
    except PaymentDeclined as error:
        _write_decline(command, str(error))
        raise
    return _write_charge(command, clean_line(reference, LONGEST_REFERENCE))


def adopt_charge(order_id: str) -> None:
    """Record a charge that the gateway has and the tables lack, as after a restore from an older copy.

    It stands as an attempt without an answer, so that the next charge asks the gateway first and a refund finds it.
    """
    order = read_order(order_id)
    if order.is_free or Payment.objects.filter(order=order).exists():
        return
    names = [name for name, gateway in registry.GATEWAYS.items() if gateway.has_charged(order.payment_id)]
    if not names:
        return
    with transaction.atomic():
        order = lock_open_order(order_id)
        payment = _open_payment(order, order.payment_id, gateway=names[0])
        if not payment.attempts.exists():
            PaymentAttempt.objects.create(payment=payment, kind=PaymentAttempt.Kind.CHARGE, finished_at=Now())
            add_event(order, EventKind.CHARGE_FOUND, key=f"adopted:{payment.payment_id}")


@transaction.atomic
def _begin_charge(command: contracts.ChargePayment) -> Call | NotEnough | None:
    """Write the approval, the payment and the attempt; None when the payment is charged, or there is nothing due.

    Where the approval does not count, or is not enough, that is written, and which count is returned.
    """
    order = lock_open_order(command.order_id)
    if order.status == Status.CANCELLING:
        raise PaymentDeclined("The order is being cancelled.")
    refusal = judge_approval(order, command.decision)
    if refusal is not None:
        refuse_approval(order, command.decision, refusal)
        return _describe_missing(order)
    accept_approval(order, record_decision(order, DecisionKind.APPROVE, command.decision))
    if order.approvals_needed > 1 and not order.is_approved:
        return _describe_missing(order)
    advance(order, Status.CHARGING_PAYMENT)
    payment = _open_payment(order, command.payment_id)
    if order.is_free:
        close_free_payment(payment)
        add_event(order, EventKind.NOTHING_TO_CHARGE, key=f"charged:{payment.payment_id}")
        advance(order, Status.PAID)
        return None
    if payment.status == Payment.Status.CHARGED:
        return None
    return begin_attempt(order, payment, PaymentAttempt.Kind.CHARGE)


def _describe_missing(order: Order) -> NotEnough:
    """Return which approvals count so far; where one is needed there is none."""
    counting = find_counting(order) if order.approvals_needed > 1 else ()
    return NotEnough(tuple(each.decision_id for each in counting), order.approvals_needed)


def _open_payment(order: Order, payment_id: str, *, gateway: str = "") -> Payment:
    """Return the order's payment, which is written unless it is there: with this gateway, or that of new payments."""
    # INSERT ... ON CONFLICT DO NOTHING: the payment_id was fixed when the order was submitted.
    payment = Payment(
        payment_id=payment_id,
        order=order,
        amount=order.total,
        currency=order.currency,
        gateway="" if order.is_free else gateway or registry.FOR_NEW_PAYMENTS,
    )
    Payment.objects.bulk_create([payment], ignore_conflicts=True)
    return Payment.objects.get(payment_id=payment_id)


def _charge_once(call: Call, gateway: PaymentGateway) -> str:
    """Charge, but ask the gateway first when an earlier attempt may have taken effect."""
    known = None if call.is_first else gateway.find_charge(call.request.idempotency_key)
    return known or gateway.charge(call.request)


@transaction.atomic
def _write_charge(command: contracts.ChargePayment, reference: str) -> contracts.PaymentCharged:
    """Write the charge, unless the order was cancelled while the gateway took its time: then the refund knows more."""
    order = lock_order(command.order_id)
    payment = Payment.objects.get(payment_id=command.payment_id)
    if payment.status == Payment.Status.PENDING:
        payment.status, payment.gateway_reference = Payment.Status.CHARGED, reference
        payment.save(update_fields=["status", "gateway_reference", "updated_at"])
        facts = facts_of(payment.amount_money, reference)
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


def _charged(payment: Payment) -> contracts.PaymentCharged:
    return contracts.PaymentCharged(payment.payment_id, payment.amount, payment.currency, payment.gateway_reference)
