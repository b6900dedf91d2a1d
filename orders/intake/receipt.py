"""A workflow's first two activities: receive the order, then validate it and open it for decisions.

Each function is one call of an activity and safe to repeat.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from orders import contracts
from orders.causes import CAUSE_TEXTS, Cause
from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import LINES, check_is_open, lock_open_order, read_lines, read_order_and_ask
from orders.lifecycle.opening import open_for_decisions
from orders.models import Order
from orders.money import add_up
from orders.payments.authorise import hold_payment
from orders.policy.approvals import find_counting
from orders.policy.verdict import judge, read_rules
from orders.postgres.clock import database_now
from orders.shipping.partners.registry import find_warehouse
from orders.states import (
    Status,
    check_transition,
    is_at_or_past,
)


@transaction.atomic
def receive_order(command: contracts.ReceiveOrder) -> contracts.OrderReceived:
    """Record that a workflow has received the order, and in which run. Raises OrderNotFound, OrderClosed."""
    order = lock_open_order(command.order_id)
    add_event(
        order,
        EventKind.RUN_STARTED,
        {"run_id": command.run_id},
        key=f"received:{command.run_id}",
        changes={"run_id": command.run_id},
    )
    return contracts.OrderReceived(order.payment_id, settings.ORDER_APPROVAL_TIMEOUT)


def validate_order(command: contracts.ValidateOrder) -> contracts.OrderValidated:
    """Validate the order and open it for decisions until `deadline`, or as long as a rule of the policy says.

    Before that, the authorisation that it may have brought is taken over; then the deadline is before that one's end.
    Raises OrderInvalid when it can never be carried out, PaymentDeclined when the authorisation is none for it,
    OutsideWorldFailed when the warehouse or the gateway does not answer, OrderNotFound, OrderClosed, IllegalTransition.
    """
    # Without its lock, because nothing is done to the order outside.
    order, (rows,) = read_order_and_ask(command.order_id, LINES)
    check_is_open(order)
    if is_at_or_past(Status(order.status), Status.PENDING_MANUAL_APPROVAL):
        return _describe(order)
    if order.status != Status.VALIDATED:
        check_transition(Status(order.status), Status.VALIDATED)
    lines = read_lines(order, rows)
    if not lines:
        raise _invalid(Cause.NO_LINES)
    if add_up((line.total_money for line in lines), order.currency) != order.total_money:
        raise _invalid(Cause.WRONG_TOTAL)
    find_warehouse().check_stock([line.facts for line in lines])
    held_until = hold_payment(order, lines)
    verdict = judge(order, lines, read_rules())
    deadline = datetime.fromisoformat(command.deadline)
    if verdict.deadline_seconds is not None:
        deadline = database_now() + timedelta(seconds=verdict.deadline_seconds)
    if held_until is not None:
        deadline = min(deadline, held_until)
    with transaction.atomic():
        order = lock_open_order(command.order_id)
        open_for_decisions(order, verdict, deadline)
    return _describe(order)


def _describe(order: Order) -> contracts.OrderValidated:
    """Return what the order was asked for, as its workflow has to know it."""
    approvals = find_counting(order) if order.approvals_needed != 1 else ()
    return contracts.OrderValidated(
        approvals_needed=order.approvals_needed,
        deadline=order.approval_deadline.isoformat() if order.approval_deadline else "",
        approvals=tuple(contracts.Decision(each.decision_id, each.actor, each.reason) for each in approvals),
    )


def _invalid(cause: Cause) -> OrderInvalid:
    return OrderInvalid(CAUSE_TEXTS[cause], cause=cause)
