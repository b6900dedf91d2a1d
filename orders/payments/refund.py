"""Gives back what was charged: in parts, and all that is left of it during a cancellation.

As with a charge, the refund and the attempt are written first, then the gateway is called with the refund's key, then
the answer is written. Where nobody knows whether money was taken, the gateway is first told to close the payment; it
answers with the charge if there is one.
"""

from typing import Final

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import contracts
from orders.errors import OrderNotFound, OutsideWorldFailed
from orders.events import EventKind, Fact
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order, lock_order
from orders.lifecycle.statuses import begin_cancelling
from orders.models import Order, Payment, PaymentAttempt, Refund
from orders.payments.attempts import (
    UNDECIDED,
    Call,
    ask_gateway,
    begin_attempt,
    close_free_payment,
    facts_of,
    is_authorised_by_shop,
    new_payment,
)
from orders.payments.gateways.interface import (
    AUTHORISATION_IN_USE,
    AUTHORISATION_UNKNOWN,
    Charge,
    RefundAnswer,
    RefundRequest,
)
from orders.postgres.parts import execute, insert
from orders.states import ReasonCode
from orders.texts import LONGEST_REFERENCE, clean_line

COUNTED: Final = (Refund.Status.PENDING, Refund.Status.SUCCEEDED)
# What a gateway says of an authorisation that it holds nothing under for this order.
NOT_OURS: Final = frozenset({AUTHORISATION_UNKNOWN.code, AUTHORISATION_IN_USE.code})
# How the keys of refunds begin that cancel an order, and not a part of its payment.
OF_CANCELLATION: Final = "cancellation:"


def refund_payment(command: contracts.RefundPayment) -> contracts.PaymentRefunded:
    """Begin the cancellation and give back what was charged, once; if nothing was, close the payment for good.

    Raises OutsideWorldFailed when the outcome is unknown or the gateway refuses, OrderNotFound, OrderClosed.
    """
    _give_everything_back(command.order_id, _begin_cancellation(command))
    payment = Payment.objects.filter(payment_id=command.payment_id, status=Payment.Status.REFUNDED).first()
    return contracts.PaymentRefunded(command.payment_id, *((payment.amount, payment.currency) if payment else (0, "")))


def release_authorisation(order_id: str) -> None:
    """Let go of what is held for an order that is being cancelled, once; what was captured even so is given back.

    Raises OutsideWorldFailed when the outcome is unknown, OrderNotFound, OrderClosed.
    """
    _give_everything_back(order_id, _begin_release(order_id))


def _give_everything_back(order_id: str, call: Call | None) -> None:
    """Close the payment with this call, where nobody knows what was taken, and give back what was."""
    if call is not None:
        charge = ask_gateway(call, lambda gateway: gateway.void(call.request, call.reference))
        _write_closing(order_id, charge, call.reference)
    # A part that the gateway refuses for good is given back with the rest.
    while due := _list_what_is_due(order_id):
        for refund in due:
            give_back(refund)


def give_back_refund(command: contracts.RefundInput) -> contracts.RefundGivenBack:
    """Carry out a refund that a person asked for. Raises OutsideWorldFailed, OrderNotFound."""
    asked = Refund.objects.filter(key=command.refund_key, payment__order__order_id=command.order_id)
    refund = asked.select_related("payment__order").first()
    if refund is None:
        raise OrderNotFound(command.order_id)
    return contracts.RefundGivenBack(give_back(refund))


def give_back(refund: Refund) -> bool:
    """Carry out a refund once, and tell whether the money was given back; False where the gateway refuses for good.

    Raises OutsideWorldFailed when the outcome is unknown, or the gateway refuses what a cancellation has to give back:
    that waits until a person has dealt with it. Raises OrderNotFound.
    """
    call = _begin_refund(refund)
    if call is None:
        return Refund.objects.filter(pk=refund.pk, status=Refund.Status.SUCCEEDED).exists()
    request = RefundRequest(
        refund_key=refund.key,
        idempotency_key=call.request.idempotency_key,
        order_id=call.request.order_id,
        money=refund.amount_money,
        charge_reference=call.reference,
        reason_code=refund.reason_code,
    )
    answer = ask_gateway(call, lambda gateway: gateway.refund(request))
    if not answer.is_done and refund.key.startswith(OF_CANCELLATION):
        raise OutsideWorldFailed(answer.text or _("The gateway refuses the refund: %(code)s.") % {"code": answer.code})
    return _write_answer(refund, answer)


@transaction.atomic
def _begin_cancellation(command: contracts.RefundPayment) -> Call | None:
    """Begin the cancellation; where money may have been taken and nobody knows, return the call that closes it."""
    order = lock_open_order(command.order_id)
    begin_cancelling(order, command)
    if is_authorised_by_shop(order):
        return _begin_void(order)
    payment = Payment.objects.filter(order=order).first()
    if order.is_free:
        if payment is not None:
            close_free_payment(payment)
        add_event(order, EventKind.NOTHING_TO_REFUND, key=f"refunded:{command.payment_id}")
        return None
    if payment is None or payment.status not in UNDECIDED:
        return None
    return begin_attempt(order, payment, PaymentAttempt.Kind.VOID)


@transaction.atomic
def _begin_release(order_id: str) -> Call | None:
    return _begin_void(lock_open_order(order_id))


def _begin_void(order: Order) -> Call | None:
    """Return the call that releases the authorisation of a locked order; None where it is captured or released.

    The console may not have asked for it yet: the customer's money is held even so.
    """
    execute(insert(new_payment(order, order.payment_id), unless_known=True))
    payment = Payment.objects.get(order=order)
    return begin_attempt(order, payment, PaymentAttempt.Kind.VOID) if payment.status in UNDECIDED else None


@transaction.atomic
def _write_closing(order_id: str, charge: Charge, reference: str) -> None:
    """Write what the gateway knows of a payment that may have been charged: that it was, or that it never will be.

    `reference` is what was closed. An attempt that woke up late may have opened the payment since, and gone on with it.
    """
    order = lock_order(order_id)
    payment = Payment.objects.select_for_update().get(order=order)
    if payment.status not in UNDECIDED:
        return
    if payment.gateway_reference != reference:
        raise OutsideWorldFailed(_("The payment was opened at the gateway while it was being closed."))
    # Also where all was given back since: the refund, asked again under its key, then says so.
    is_charged = charge.charged > 0
    # If the charge never got an answer, this is the first we know of it.
    reference = reference or clean_line(charge.reference, LONGEST_REFERENCE)
    is_released = is_authorised_by_shop(order) and charge.code not in NOT_OURS
    unless_charged = Payment.Status.RELEASED if is_released else Payment.Status.DECLINED
    payment.status = Payment.Status.CHARGED if is_charged else unless_charged
    payment.gateway_reference = reference
    payment.save(update_fields=["status", "gateway_reference", "updated_at"])
    if is_charged:
        facts = facts_of(payment.amount_money, reference)
        add_event(order, EventKind.CHARGED, facts, key=f"charged:{payment.payment_id}")
    else:
        kind = EventKind.RELEASED if is_released else EventKind.CLOSED_UNCHARGED
        add_event(order, kind, key=f"refunded:{payment.payment_id}")


@transaction.atomic
def _list_what_is_due(order_id: str) -> list[Refund]:
    """Return the refunds of an order's payment that have no answer yet, with one of all that is left."""
    order = lock_order(order_id)
    payment = Payment.objects.filter(order=order, status=Payment.Status.CHARGED).first()
    if payment is None:
        return []
    left = payment.amount - sum_of_refunds(payment)
    if left > 0:
        is_by_staff = order.reason_code == ReasonCode.STAFF and order.is_cancel_requested
        Refund.objects.get_or_create(
            key=_find_free_key(payment),
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
    return list(payment.refunds.filter(status=Refund.Status.PENDING).select_related("payment__order"))


def sum_of_refunds(payment: Payment) -> int:
    """Return how much of a payment was given back or is to be, in minor units."""
    sums = payment.refunds.filter(status__in=COUNTED).aggregate(sum=Sum("amount"))
    return sums["sum"] or 0


def _find_free_key(payment: Payment) -> str:
    """Return the key of what a cancellation gives back; another one where a part failed after the rest was back."""
    key = f"{OF_CANCELLATION}{payment.payment_id}"
    number = payment.refunds.filter(key__startswith=key).count()
    return f"{key}:{number + 1}" if number else key


@transaction.atomic
def _begin_refund(refund: Refund) -> Call | None:
    """Write the attempt; None where the refund was answered already."""
    order = lock_order(refund.payment.order.order_id)
    if not Refund.objects.filter(pk=refund.pk, status=Refund.Status.PENDING).exists():
        return None
    return begin_attempt(order, refund.payment, PaymentAttempt.Kind.REFUND)


@transaction.atomic
def _write_answer(refund: Refund, answer: RefundAnswer) -> bool:
    """Write what became of a refund, once, and that the payment is refunded when nothing of it is left."""
    order = lock_order(refund.payment.order.order_id)
    reference = clean_line(answer.reference, LONGEST_REFERENCE)
    asked = Refund.objects.filter(pk=refund.pk, status=Refund.Status.PENDING)
    status = Refund.Status.SUCCEEDED if answer.is_done else Refund.Status.FAILED
    if not asked.update(status=status, gateway_reference=reference, finished_at=Now()):
        return Refund.objects.filter(pk=refund.pk, status=Refund.Status.SUCCEEDED).exists()
    if answer.is_done:
        _write_that_all_is_back(order, refund)
        add_event(order, EventKind.REFUNDED, facts_of(refund.amount_money, reference), key=f"refunded:{refund.key}")
    else:
        facts: dict[str, Fact] = {
            "amount": refund.amount,
            "currency": refund.currency,
            "code": answer.code,
            "error": answer.text,
        }
        add_event(order, EventKind.REFUND_REFUSED, facts, key=f"refused:{refund.key}")
    return answer.is_done


def _write_that_all_is_back(order: Order, refund: Refund) -> None:
    given_back = refund.payment.refunds.filter(status=Refund.Status.SUCCEEDED).aggregate(sum=Sum("amount"))["sum"]
    if given_back == refund.payment.amount:
        Payment.objects.filter(pk=refund.payment.pk, status=Payment.Status.CHARGED).update(
            status=Payment.Status.REFUNDED, updated_at=Now()
        )


def _account_of(order: Order) -> int | None:
    account_id: int | None = order.decisions.get(decision_id=order.decision_id).actor_account_id
    return account_id
