"""The refund of an order's payment during its cancellation."""

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now

from orders import contracts
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order, lock_order
from orders.lifecycle.statuses import begin_cancelling
from orders.models import Order, Payment, PaymentAttempt, Refund
from orders.payments.attempts import Call, ask_gateway, begin_attempt, close_free_payment, facts_of
from orders.payments.gateways.interface import Refund as GatewayRefund
from orders.states import ReasonCode
from orders.texts import LONGEST_REFERENCE, clean_line


def refund_payment(command: contracts.RefundPayment) -> contracts.PaymentRefunded:
    """Begin the cancellation and refund what was charged, once; if nothing was, close the payment for good.

    Raises OutsideWorldFailed when the outcome is unknown, OrderNotFound, OrderClosed.
    """
    call = _begin_refund(command)
    if call is None:
        payment = Payment.objects.filter(payment_id=command.payment_id, status=Payment.Status.REFUNDED).first()
        return contracts.PaymentRefunded(
            command.payment_id, *((payment.amount, payment.currency) if payment else (0, ""))
        )
    refund = ask_gateway(call, lambda gateway: gateway.refund(call.request))
    with transaction.atomic():
        order = lock_order(command.order_id)
        is_refunded = refund.money.minor > 0 or bool(refund.reference)
        _finish_refund(command.payment_id, refund if is_refunded else None)
        payment = Payment.objects.get(payment_id=command.payment_id)
        payment.status = Payment.Status.REFUNDED if is_refunded else Payment.Status.DECLINED
        # If the charge never got an answer, its refund is the first we know of it.
        payment.gateway_reference = payment.gateway_reference or clean_line(refund.reference, LONGEST_REFERENCE)
        payment.save(update_fields=["status", "gateway_reference", "updated_at"])
        key = f"refunded:{command.payment_id}"
        if is_refunded:
            add_event(order, EventKind.REFUNDED, facts_of(refund.money, refund.reference), key=key)
        else:
            add_event(order, EventKind.CLOSED_UNCHARGED, key=key)
    return contracts.PaymentRefunded(command.payment_id, refund.money.minor, refund.money.currency)


@transaction.atomic
def _begin_refund(command: contracts.RefundPayment) -> Call | None:
    """Begin the cancellation and write the attempt; None when there is nothing to ask the gateway."""
    order = lock_open_order(command.order_id)
    begin_cancelling(order, command)
    payment = Payment.objects.filter(order=order).first()
    if order.is_free:
        if payment is not None:
            close_free_payment(payment)
        add_event(order, EventKind.NOTHING_TO_REFUND, key=f"refunded:{command.payment_id}")
        return None
    if payment is None or payment.status in {Payment.Status.REFUNDED, Payment.Status.DECLINED}:
        return None
    _ask_for_refund(order, payment)
    return begin_attempt(order, payment, PaymentAttempt.Kind.REFUND)


def _ask_for_refund(order: Order, payment: Payment) -> None:
    """Write, once, that what is left of a locked order's payment is to be given back, for the cancellation's reason."""
    counted = payment.refunds.filter(status__in=(Refund.Status.PENDING, Refund.Status.SUCCEEDED))
    others = counted.exclude(key=_key(payment.payment_id))
    left = payment.amount - (others.aggregate(sum=Sum("amount"))["sum"] or 0)
    if left == 0:
        return
    is_by_staff = order.reason_code == ReasonCode.STAFF and order.is_cancel_requested
    Refund.objects.get_or_create(
        key=_key(payment.payment_id),
        defaults={
            "payment": payment,
            "amount": left,
            "currency": payment.currency,
            "reason_code": order.reason_code,
            "cause": order.cause,
            "reason": order.reason,
            "requested_by": order.decided_by if is_by_staff else "",
            "account_id": _account_of(order) if is_by_staff else None,
            "channel": order.decision_channel if is_by_staff else "",
        },
    )


def _finish_refund(payment_id: str, given_back: GatewayRefund | None) -> None:
    """Write what became of the refund, once; None when there was nothing to give back."""
    asked = Refund.objects.filter(key=_key(payment_id), status=Refund.Status.PENDING)
    if given_back is None:
        asked.update(status=Refund.Status.CLOSED, finished_at=Now())
    else:
        reference = clean_line(given_back.reference, LONGEST_REFERENCE)
        asked.update(status=Refund.Status.SUCCEEDED, gateway_reference=reference, finished_at=Now())


def _key(payment_id: str) -> str:
    return f"cancellation:{payment_id}"


def _account_of(order: Order) -> int | None:
    account_id: int | None = order.decisions.get(decision_id=order.decision_id).actor_account_id
    return account_id
