"""A workflow's first two activities: receive the order, then validate it and open it for decisions.

Each function is one call of an activity and safe to repeat.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from orders import contracts
from orders.causes import CAUSE_TEXTS, Cause
from orders.errors import OrderInvalid
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order, read_open_order
from orders.lifecycle.statuses import advance
from orders.models import Order
from orders.money import add_up
from orders.shipping.carriers import warehouse
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
    """Validate the order and open it for a decision until `deadline`; answer the deadline that the row holds.

    Raises OrderInvalid when it can never be carried out, OutsideWorldFailed when the warehouse does not answer,
    OrderNotFound, OrderClosed, IllegalTransition.
    """
    order = read_open_order(command.order_id)  # without its lock, because nothing is done to the order outside
    if is_at_or_past(Status(order.status), Status.PENDING_MANUAL_APPROVAL):
        return _answer(order)
    if order.status != Status.VALIDATED:
        check_transition(Status(order.status), Status.VALIDATED)
    lines = list(order.lines.all())
    if not lines:
        raise _invalid(Cause.NO_LINES)
    if add_up((line.total_money for line in lines), order.currency) != order.total_money:
        raise _invalid(Cause.WRONG_TOTAL)
    warehouse.check_stock(line.sku for line in lines)
    with transaction.atomic():
        order = lock_open_order(command.order_id)
        deadline = datetime.fromisoformat(command.deadline)
        advance(order, Status.VALIDATED)
        advance(
            order,
            Status.PENDING_MANUAL_APPROVAL,
            {"deadline": deadline.isoformat()},
            changes={"approval_deadline": deadline},
        )
    return _answer(order)


def _answer(order: Order) -> contracts.OrderValidated:
    return contracts.OrderValidated(order.approval_deadline.isoformat() if order.approval_deadline else "")


def _invalid(cause: Cause) -> OrderInvalid:
    return OrderInvalid(CAUSE_TEXTS[cause], cause=cause)
