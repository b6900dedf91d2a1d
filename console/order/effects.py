"""What approving an order would bring about, in words that are shown before anybody does."""

from django.utils.translation import gettext as _

from orders.models import Order, Payment


def describe_approval(order: Order, payment: Payment | None) -> str:
    """Say what one more approval does to an order that waits for a decision."""
    given = order.approvals_given + 1
    if given < order.approvals_needed:
        sentence = _("Your approval will be %(given)s of %(needed)s. Someone else has to approve the order too.")
        return sentence % {"given": given, "needed": order.approvals_needed}
    if order.is_free:
        return _("There is nothing to charge. The order will be packed and shipped.")
    if payment is not None and payment.status == Payment.Status.CHARGED:
        sentence = _("%(money)s has been charged already. The order will be packed and shipped.")
        return sentence % {"money": payment.amount_money}
    if payment is not None and payment.status == Payment.Status.AUTHORISED:
        sentence = _("The authorised %(money)s will be captured, and the order packed and shipped.")
        return sentence % {"money": payment.amount_money}
    return _("%(money)s will be charged, and the order packed and shipped.") % {"money": order.total_money}
