"""What a person does about a refund that came to nothing: try it again, or settle it outside the console.

A refund that the gateway refused for good stays as it is; trying again is another refund of the same. Each is followed
up once, however often a button is clicked.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from orders import permissions
from orders.decisions.refunds import check_may_be_refunded, make_key, write_refund
from orders.engine import outbox
from orders.errors import OrderInvalid, RefundRefused
from orders.events import EventKind, Fact
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Order, Refund, RefundFollowUp
from orders.permissions import Actor
from orders.texts import clean_text


def refused_refunds() -> QuerySet[Refund]:
    """Return the refunds that the gateway refused for good and about which nobody has done anything."""
    return Refund.objects.filter(status=Refund.Status.FAILED, follow_up__isnull=True)


def try_again(order: Order, number: int, *, actor: Actor) -> Refund:
    """Have the order's refund of this number carried out after all, and return what is carried out.

    Raises NotAllowed, OrderInvalid, RefundRefused.
    """
    permissions.check_may_refund(actor)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        refund = _find(locked, number)
        if refund.status == Refund.Status.PENDING:
            # Its run may be gone. Where it is not, one more start changes nothing.
            outbox.send_started_again(Refund.objects.filter(pk=refund.pk).values("key"), after=timedelta(0))
            return refund
        follow_up = _find_follow_up(refund)
        if follow_up is not None and follow_up.again is not None:
            return follow_up.again
        payment = check_may_be_refunded(locked, refund.amount)
        wanted = Refund(
            payment=payment,
            key=make_key(f"again-{refund.pk}"),
            amount=refund.amount,
            currency=refund.currency,
            reason_code=refund.reason_code,
            reason_words=refund.reason_words,
            reason=refund.reason,
            lines=refund.lines,
        )
        again = write_refund(locked, wanted, actor=actor)
        _write(refund, RefundFollowUp.Kind.AGAIN, actor, again=again)
        return again


def settle(order: Order, number: int, *, actor: Actor, note: str) -> RefundFollowUp:
    """Write down that the customer has their money in another way. Raises NotAllowed, OrderInvalid, RefundRefused."""
    permissions.check_may_refund(actor)
    said = clean_text(note)
    if not said:
        raise OrderInvalid(_("Say in your own words how it was settled."))
    with transaction.atomic():
        locked = lock_order(order.order_id)
        refund = _find(locked, number)
        follow_up = _find_follow_up(refund)
        if follow_up is not None:
            return follow_up
        facts: dict[str, Fact] = {"amount": refund.amount, "currency": refund.currency, "reason": said}
        name = actor.get_username()
        add_event(locked, EventKind.REFUND_SETTLED, facts, key=f"settled:{refund.key}", actor=name)
        return _write(refund, RefundFollowUp.Kind.SETTLED, actor, note=said)


def _find(order: Order, number: int) -> Refund:
    refund = Refund.objects.filter(payment__order=order, pk=number).first()
    if refund is None:
        raise OrderInvalid(_("The order has no such refund."))
    return refund


def _find_follow_up(refund: Refund) -> RefundFollowUp | None:
    """Return what was done about a refund that failed. Raises RefundRefused for one that did not."""
    if refund.status != Refund.Status.FAILED:
        raise RefundRefused(_("This refund did not fail, so there is nothing to do about it."))
    return RefundFollowUp.objects.filter(refund=refund).select_related("again").first()


def _write(
    refund: Refund, kind: RefundFollowUp.Kind, actor: Actor, *, again: Refund | None = None, note: str = ""
) -> RefundFollowUp:
    return RefundFollowUp.objects.create(
        refund=refund,
        kind=kind,
        again=again,
        note=note,
        actor=actor.get_username(),
        actor_account_id=actor.pk,
        channel=permissions.find_channel(actor),
    )
