"""Withdrawing an order: whoever submitted it takes it back, while nobody has decided.

For the workflow and all that follows it is a cancellation, with a reason of its own.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from orders import permissions, states
from orders.decisions.decide import QUESTIONS, Wanted, write_judged
from orders.decisions.rules import describe_decision
from orders.errors import DecisionRefused, TooLate
from orders.labels.statuses import name_status
from orders.lifecycle.lookup import lock_order_and_ask
from orders.models import Order, OutboxMessage
from orders.permissions import Actor
from orders.policy.approvers import Approver
from orders.states import WITHDRAWN, DecisionKind
from orders.texts import clean_text


def withdraw_order(order: Order, *, actor: Actor, reason: str = "") -> OutboxMessage:
    """Have an own order cancelled while nobody has decided on it. Raises NotAllowed, TooLate."""
    permissions.check_may_withdraw(actor, order)
    wanted = Wanted(DecisionKind.CANCEL, Approver(actor), clean_text(reason), WITHDRAWN, sends_now=True)
    with transaction.atomic():
        locked, answers = lock_order_and_ask(order.order_id, *QUESTIONS)
        refusal = find_refusal(locked)
        if refusal is not None:
            raise refusal
        return write_judged(wanted, locked, answers)


def may_be_withdrawn(order: Order, actor: Actor) -> bool:
    """Tell whether it is somebody's own order, on which nobody has decided."""
    return permissions.may_withdraw(actor, order) and find_refusal(order) is None


def find_refusal(order: Order) -> DecisionRefused | None:
    """Return why the order cannot be withdrawn any more, or None when it can."""
    if order.decision:
        return TooLate(_("Too late to withdraw: %(decided)s.") % {"decided": describe_decision(order)})
    if order.status not in states.APPROVABLE:
        sentence = _("Too late to withdraw: the order is %(status)s.")
        return TooLate(sentence % {"status": name_status(order.status)})
    if order.approvals_given:
        return TooLate(_("Too late to withdraw: the order has been approved by one of those who have to."))
    return None
