"""Refunds that people ask for: a part of what was charged, or all of it once the order is completed.

The refund counts from the moment its row is written; a workflow of its own, started through the outbox, carries it out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from orders import contracts, permissions
from orders.decisions.reasons import find_reason
from orders.engine import outbox, sending
from orders.errors import OrderInvalid, RefundRefused
from orders.events import EventKind, Fact
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OrderLine, Payment, Refund
from orders.money import Money
from orders.payments.refund import COUNTED, sum_of_refunds
from orders.permissions import Actor
from orders.states import DecisionKind, ReasonKind, Status
from orders.texts import clean_line, clean_text

# How the keys of refunds begin that people ask for.
REQUESTED: Final = "request:"
LONGEST_KEY: Final = 50
# A gateway that answers does so within seconds.
UNFINISHED_AFTER: Final = timedelta(minutes=5)


def request_refund(
    order: Order,
    *,
    actor: Actor,
    key: str,
    amount: int,
    reason_code: str = "",
    reason: str = "",
    quantities: Mapping[int, int] | None = None,
    sends_now: bool = True,
) -> Refund:
    """Have `amount` of the order's charge given back, in minor units; the same `key` asks once.

    `reason_code` is one of the shop's list, by default OTHER. `quantities` of lines by their positions, where the
    refund is for these, come to the amount. Without `sends_now` the relay starts its workflow. Raises NotAllowed,
    OrderInvalid, RefundRefused.
    """
    permissions.check_may_refund(actor)
    _check_key(key)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        asked = Refund.objects.filter(key=make_key(key)).select_related("payment").first()
        if asked is not None:
            if (asked.payment.order_id, asked.amount) != (locked.pk, amount):
                sentence = _("This form was sent before for another refund. Nothing was refunded by this one.")
                raise RefundRefused(sentence)
            return asked
        payment, because = check_may_be_refunded(locked, amount), find_reason(ReasonKind.REFUND, reason_code)
        wanted = Refund(
            payment=payment,
            key=make_key(key),
            amount=amount,
            currency=payment.currency,
            reason_code=because.code,
            reason_words=because.words,
            reason=clean_text(reason),
            lines=_keep_lines(locked, payment, quantities, amount) if quantities else None,
        )
        return write_refund(locked, wanted, actor=actor, sends_now=sends_now)


def write_refund(order: Order, refund: Refund, *, actor: Actor, sends_now: bool = True) -> Refund:
    """Write a refund of a locked order as asked for by `actor`, its event, and the message that starts its workflow."""
    refund.requested_by, refund.account_id = actor.get_username(), actor.pk
    refund.channel = permissions.find_channel(actor)
    refund.save(force_insert=True)
    facts: dict[str, Fact] = {
        "amount": refund.amount,
        "currency": refund.currency,
        "reason_code": refund.reason_code,
        "reason_words": refund.reason_words,
        "reason": refund.reason,
    }
    add_event(order, EventKind.REFUND_REQUESTED, facts, key=refund.key, actor=refund.requested_by)
    message = asdict(contracts.RefundInput(order.order_id, refund.key))
    outbox.enqueue(order, key=refund.key, name=sending.REFUND, payload=message, sends_now=sends_now)
    return refund


def start_unfinished_again() -> int:
    """Have refunds started again that were started and have no answer for long, and return how many.

    Temporal may have lost their runs. A start that finds its run open changes nothing, and one refund moves money once.
    """
    unfinished = Refund.objects.filter(status=Refund.Status.PENDING, key__startswith=REQUESTED)
    return outbox.send_started_again(unfinished.values("key"), after=UNFINISHED_AFTER)


def price_quantities(lines: Iterable[OrderLine], quantities: Mapping[int, int]) -> int:
    """Return what these quantities of an order's lines cost, in minor units."""
    return sum(line.unit_price * quantities.get(line.position, 0) for line in lines)


def count_given_back(refunds: Iterable[Refund]) -> dict[int, int]:
    """Return how much of each line was given back or is to be, by its position."""
    counts: dict[int, int] = {}
    for refund in refunds:
        for line in (refund.lines or ()) if refund.status in COUNTED else ():
            counts[line["position"]] = counts.get(line["position"], 0) + line["quantity"]
    return counts


def _keep_lines(
    order: Order, payment: Payment, quantities: Mapping[int, int], amount: int
) -> list[dict[str, str | int]]:
    """Return what is kept of the lines that a refund is for. Raises OrderInvalid, RefundRefused."""
    lines, given_back = {line.position: line for line in order.lines.all()}, count_given_back(payment.refunds.all())
    for position, quantity in quantities.items():
        line = lines.get(position)
        if line is None or quantity <= 0:
            raise OrderInvalid(_("Of a line of the order, a refund is for one article or more."))
        left = line.quantity - given_back.get(position, 0)
        if quantity > left:
            sentence = _("Of %(sku)s, no more than %(left)s is left to refund.")
            raise RefundRefused(sentence % {"sku": line.sku, "left": left})
    if price_quantities(lines.values(), quantities) != amount:
        raise OrderInvalid(_("The amount is not what the chosen lines come to."))
    return [
        {"position": position, "sku": lines[position].sku, "quantity": quantity}
        for position, quantity in quantities.items()
    ]


def make_key(key: str) -> str:
    """Return the key of a refund, by that of the form or the call that asks for it."""
    return f"{REQUESTED}{key}"


def find_left(order: Order) -> Money:
    """Return how much of what was charged for the order is left to refund; nothing where nothing was charged."""
    payment = Payment.objects.filter(order=order, status=Payment.Status.CHARGED).first()
    return Money(payment.amount - sum_of_refunds(payment) if payment else 0, order.currency)


def _check_key(key: str) -> None:
    if not key or len(key) > LONGEST_KEY or clean_line(key) != key:
        raise OrderInvalid(_("The key of a refund is a short line of text."))


def find_refusal(order: Order, payment: Payment | None, left: int) -> str:
    """Say why nothing of the payment can be refunded now; empty where something can. `left` is in minor units."""
    if order.status == Status.CANCELLING or (order.is_open and order.decision == DecisionKind.CANCEL):
        return _("The order is being cancelled, which refunds all that is left of its payment.")
    if payment is None or payment.status not in {Payment.Status.CHARGED, Payment.Status.REFUNDED}:
        return _("Nothing has been charged for this order, so there is nothing to refund.")
    return "" if left > 0 else _("All of the payment has been refunded, or is about to be.")


def check_may_be_refunded(order: Order, amount: int) -> Payment:
    """Return the payment of a locked order. Raises OrderInvalid, RefundRefused."""
    payment = Payment.objects.filter(order=order).first()
    left = payment.amount - sum_of_refunds(payment) if payment is not None else 0
    refusal = find_refusal(order, payment, left)
    if refusal or payment is None:
        raise RefundRefused(refusal)
    if amount <= 0:
        raise OrderInvalid(_("The amount to refund must be greater than zero."))
    if amount > left:
        sentence = _("No more than %(money)s is left to refund.")
        raise RefundRefused(sentence % {"money": Money(left, payment.currency)})
    # An order is not completed without a charge, so the last of it is given back by a cancellation.
    if amount == left and order.is_open:
        raise RefundRefused(_("The order is not completed. To refund all that is left, cancel it."))
    return payment
