"""Which decisions an order takes as it stands: asked by the verbs, by every button and by every box to tick."""

from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from orders import states
from orders.errors import (
    AlreadyDecided,
    DecisionRefused,
    TooLate,
)
from orders.labels import STATUS_LABELS
from orders.models import Order
from orders.states import DecisionKind, Status


class DecisionFacts(Protocol):
    """What the rule looks at in an order."""

    @property
    def status(self) -> str:
        """Where the order is."""

    @property
    def decision(self) -> str:
        """The latest decision that counts, or an empty text."""

    @property
    def approval_deadline(self) -> datetime | None:
        """Until when it may be approved."""


class Obstacle(Enum):
    """Why a decision could have no effect."""

    SAME_DECISION = auto()
    CANCELLATION = auto()
    STATUS = auto()
    DEADLINE = auto()


def find_obstacle(facts: DecisionFacts, kind: DecisionKind, *, now: datetime) -> Obstacle | None:
    """Return why the decision could have no effect on the order as it stands; None when it could have one."""
    if facts.decision == kind and facts.status in states.OPEN:
        return Obstacle.SAME_DECISION
    if kind == DecisionKind.APPROVE and facts.decision == DecisionKind.CANCEL:
        return Obstacle.CANCELLATION
    if facts.status not in (states.APPROVABLE if kind == DecisionKind.APPROVE else states.CANCELLABLE):
        return Obstacle.STATUS
    deadline = facts.approval_deadline
    is_over = kind == DecisionKind.APPROVE and deadline is not None and deadline <= now
    return Obstacle.DEADLINE if is_over else None


def may_be_decided(facts: DecisionFacts, kind: DecisionKind, *, now: datetime) -> bool:
    """Tell whether the decision could have an effect on the order as it stands."""
    return find_obstacle(facts, kind, now=now) is None


def check_may_be_decided(order: Order, kind: DecisionKind, *, now: datetime) -> None:
    """Raise AlreadyDecided or TooLate when the decision could no longer have an effect."""
    obstacle = find_obstacle(order, kind, now=now)
    if obstacle is not None:
        raise _describe_refusal(order, kind, obstacle)


def _describe_refusal(order: Order, kind: DecisionKind, obstacle: Obstacle) -> DecisionRefused:
    decided = _who_and_when(order) if order.decision else ""
    if obstacle is Obstacle.SAME_DECISION:
        return AlreadyDecided(f"{decided}.")
    if obstacle is Obstacle.CANCELLATION:
        return TooLate(f"Too late to approve: {decided}.")
    if obstacle is Obstacle.DEADLINE:
        return TooLate(f"Too late to approve: the deadline was {order.approval_deadline:%d %b %Y %H:%M} UTC.")
    status = str(STATUS_LABELS[Status(order.status)]).lower()
    return TooLate(f"Too late to {kind}: the order is {status}.{f' {decided}.' if decided else ''}")


def _who_and_when(order: Order) -> str:
    verb = "approved the order" if order.is_approved else "requested cancellation"
    return f"{order.decider} {verb} on {order.decided_at:%d %b %Y at %H:%M} UTC"
