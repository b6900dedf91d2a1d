"""Authorisations that the customer gave at the shop's checkout: taken over before an order waits for its approval.

A review by people takes hours. So the shop has the money held while the customer is there to confirm it, and the order
names the authorisation. The console checks it against the order, captures it with the approval, and releases it with a
cancellation. Nobody has to be asked for a card again, and an approved order is rarely declined.

As with a charge, payment and attempt are written first, then the gateway is asked, then its answer is written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid, OutsideWorldFailed, PaymentDeclined
from orders.events import EventKind
from orders.language import write_moment
from orders.lifecycle.history import Event, add_event, write_events
from orders.lifecycle.lookup import lock_open_order, lock_order
from orders.models import Order, OrderLine, Payment, PaymentAttempt
from orders.money import Money
from orders.payments.attempts import (
    MISMATCH,
    UNDECIDED,
    Call,
    accept_authorisation,
    ask_gateway,
    facts_of,
    find_mismatch,
    is_authorised_by_shop,
    new_payment,
    prepare_call,
)
from orders.payments.gateways.interface import AUTHORISATION_IN_USE, Charge, Outcome
from orders.payments.gateways.registry import AUTHORISED, find_holder
from orders.postgres.clock import database_now
from orders.postgres.parts import execute, insert
from orders.states import Status
from orders.texts import LONGEST_REFERENCE, clean_line

# An order has to be decided so long before the gateway lets go of the money: the capture may have to be tried again.
CAPTURE_TAKES: Final = timedelta(hours=6)


def check_payment_method(payment_method: str, total: Money) -> None:
    """Raise OrderInvalid where a new order's payment method is not of the kind that PAYMENT_CAPTURE asks for."""
    is_authorisation = find_holder(payment_method) is not None
    if settings.PAYMENT_CAPTURE == AUTHORISED and not is_authorisation and total.minor:
        sentence = _(
            "Name the authorisation that the customer gave at the checkout, such as pi_3QZx: it is captured here."
        )
    elif settings.PAYMENT_CAPTURE != AUTHORISED and is_authorisation:
        sentence = _("This is an authorisation, and nothing is captured here. Name a payment method to charge.")
    else:
        return
    raise OrderInvalid(sentence, fields={"payment_method": sentence})


def hold_payment(order: Order, lines: Sequence[OrderLine]) -> datetime | None:
    """Take over the authorisation that an order names, once; return until when it has to be decided. None without one.

    Raises PaymentDeclined for one that is not for the order's total, or holds nothing any more; OutsideWorldFailed when
    the gateway does not answer; OrderNotFound, OrderClosed.
    """
    if not is_authorised_by_shop(order):
        return None
    call = _begin_hold(order.order_id, lines)
    if call is not None:
        _write_answer(order, ask_gateway(call, lambda gateway: accept_authorisation(call, gateway)))
    until = Payment.objects.values_list("authorised_until", flat=True).get(payment_id=order.payment_id)
    if until is None:
        raise OutsideWorldFailed(_("The payment was decided while the gateway was asked for its authorisation."))
    return until - CAPTURE_TAKES


@transaction.atomic
def _begin_hold(order_id: str, lines: Sequence[OrderLine]) -> Call | None:
    """Write the payment and the attempt; None where the authorisation was taken over before."""
    order = lock_open_order(order_id)
    if order.status == Status.CANCELLING:
        raise PaymentDeclined(_("The order is being cancelled."))
    execute(insert(new_payment(order, order.payment_id), unless_known=True))
    payment = Payment.objects.get(payment_id=order.payment_id)
    if payment.authorised_until is not None:
        return None
    call = prepare_call(order, payment, PaymentAttempt.Kind.AUTHORISE, lines)
    execute(insert(call.attempt))
    return call


def _write_answer(order: Order, charge: Charge) -> None:
    """Write what became of the authorisation. Raises PaymentDeclined unless it holds the order's total."""
    others = Payment.objects.filter(gateway_reference=charge.reference, authorised_until__isnull=False)
    if charge.reference and others.exclude(payment_id=order.payment_id).exists():
        charge = AUTHORISATION_IN_USE
    refusal = _judge(order, charge)
    with transaction.atomic():
        order = lock_order(order.order_id)
        if refusal is None:
            _write_hold(order, charge)
        else:
            _write_refusal(order, charge, refusal)
    if refusal is not None:
        raise refusal


def _judge(order: Order, charge: Charge) -> PaymentDeclined | None:
    """Return why an authorisation is not taken, or None."""
    if charge.outcome in {Outcome.DECLINED, Outcome.CLOSED}:
        return PaymentDeclined(charge.text or _("The authorisation holds nothing any more."), code=charge.code)
    if charge.outcome != Outcome.AUTHORISED or charge.held is None or charge.held_until is None:
        return PaymentDeclined(_("The customer has not confirmed the payment yet."), code="authorisation_incomplete")
    if mismatch := find_mismatch(charge.held, order.total_money):
        return PaymentDeclined(mismatch, code=MISMATCH)
    if charge.held_until - CAPTURE_TAKES <= database_now():
        text = _("The authorisation ends on %(moment)s, too soon for a decision.")
        moment = write_moment(charge.held_until, is_padded=True)
        return PaymentDeclined(text % {"moment": moment}, code="authorisation_ends_soon")
    return None


def _write_hold(order: Order, charge: Charge) -> None:
    reference = clean_line(charge.reference, LONGEST_REFERENCE)
    undecided = Payment.objects.filter(payment_id=order.payment_id, status__in=UNDECIDED, authorised_until=None)
    if undecided.update(
        status=Payment.Status.AUTHORISED,
        gateway_reference=reference,
        authorised_until=charge.held_until,
        updated_at=Now(),
    ):
        facts = facts_of(order.total_money, reference)
        write_events(order, [Event(EventKind.AUTHORISED, f"authorised:{order.payment_id}", facts)], found_by=reference)


def _write_refusal(order: Order, charge: Charge, refusal: PaymentDeclined) -> None:
    """Write a refusal. What may be held for the order even so stays undecided, so that its cancellation releases it."""
    if charge.outcome in {Outcome.DECLINED, Outcome.CLOSED}:
        declined = Payment.objects.filter(payment_id=order.payment_id, status__in=UNDECIDED)
        declined.update(status=Payment.Status.DECLINED, updated_at=Now())
    facts = {"error": str(refusal), "code": refusal.code}
    add_event(order, EventKind.CHARGE_DECLINED, facts, key=f"declined:{order.payment_id}")
