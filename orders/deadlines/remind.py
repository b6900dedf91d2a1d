"""What happens on the way to the deadline: those who may decide are reminded, and later the order is escalated.

Each is an event, which is written once for an order; notices are made of it, see orders.notifications.
"""

from django.contrib.auth.models import Group
from django.db import transaction

from orders import contracts
from orders.decisions.closing import find_later_deadline
from orders.events import EventKind, Fact
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order
from orders.models import Order
from orders.policy.verdict import read_kept


@transaction.atomic
def remind_approvers(command: contracts.RemindApprovers) -> contracts.ApproversReminded:
    """Write that the approvers are reminded, or the order escalated, unless somebody has decided.

    Where the row's deadline is later than the run's, it is answered, and nothing written. Raises OrderNotFound,
    OrderClosed.
    """
    order = lock_open_order(command.order_id)
    if not order.is_awaiting_decision:
        return contracts.ApproversReminded()
    if later := find_later_deadline(order, command.deadline):
        return contracts.ApproversReminded(later)
    facts: dict[str, Fact] = {"deadline": order.approval_deadline.isoformat() if order.approval_deadline else ""}
    if command.mark != contracts.WaitMark.ESCALATION:
        add_event(order, EventKind.REMINDED, facts, key="reminded")
        return contracts.ApproversReminded()
    if group := _find_group(order):
        facts["group"] = group
    add_event(order, EventKind.ESCALATED, facts, key="escalated")
    return contracts.ApproversReminded()


def _find_group(order: Order) -> str:
    """Return the name of the group that the policy named for the order, as it is called now; empty without one."""
    named = read_kept(order.policy, order.approvals_needed).escalate_to
    return (Group.objects.filter(pk=named.id).values_list("name", flat=True).first() or "") if named else ""
