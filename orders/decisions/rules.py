"""Which decisions an order takes as it stands: asked by the verbs, and by every button."""

from datetime import datetime

from orders import states
from orders.errors import (
    AlreadyDecided,
    DecisionRefused,
    TooLate,
)
from orders.labels import STATUS_LABELS
from orders.models import Order
from orders.states import DecisionKind, Status


def check_may_be_decided(order: Order, kind: DecisionKind, *, now: datetime) -> None:
    """Raise AlreadyDecided or TooLate when the decision could have no effect on the order as it stands."""
    status = Status(order.status)
    if order.decision == kind and order.is_open:
        raise AlreadyDecided(f"{_who_and_when(order)}.")
    if kind == DecisionKind.APPROVE and order.is_cancel_requested:
        raise TooLate(f"Too late to approve: {_who_and_when(order)}.")
    if status not in (states.APPROVABLE if kind == DecisionKind.APPROVE else states.CANCELLABLE):
        decided = f" {_who_and_when(order)}." if order.decision else ""
        raise TooLate(f"Too late to {kind}: the order is {str(STATUS_LABELS[status]).lower()}.{decided}")
    deadline = order.approval_deadline
    if kind == DecisionKind.APPROVE and deadline is not None and deadline <= now:
        raise TooLate(f"Too late to approve: the deadline was {deadline:%d %b %Y %H:%M} UTC.")


def may_be_decided(order: Order, kind: DecisionKind, *, now: datetime) -> bool:
    """Tell whether the decision could have an effect on the order as it stands; buttons ask this."""
    try:
        check_may_be_decided(order, kind, now=now)
    except DecisionRefused:
        return False
    return True


def _who_and_when(order: Order) -> str:
    verb = "approved the order" if order.is_approved else "asked to cancel the order"
    return f"{order.decider} {verb} on {order.decided_at:%d %b %Y at %H:%M} UTC"
