"""What approving an order would bring about, in words that are shown before anybody does."""

from orders.models import Order, Payment


def describe_approval(order: Order, payment: Payment | None) -> str:
    """Say what one more approval does to an order that waits for a decision."""
    given = order.approvals_given + 1
    if given < order.approvals_needed:
        return f"Your approval will be {given} of {order.approvals_needed}. Someone else has to approve the order too."
    if order.is_free:
        return "There is nothing to charge. The order will be packed and shipped."
    if payment is not None and payment.status == Payment.Status.CHARGED:
        return f"{payment.amount_money} has been charged already. The order will be packed and shipped."
    if payment is not None and payment.status == Payment.Status.AUTHORISED:
        return f"The authorised {payment.amount_money} will be captured, and the order packed and shipped."
    return f"{order.total_money} will be charged, and the order packed and shipped."
