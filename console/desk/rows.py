"""The rows of the list: what each shows, and a short state that changes whenever that does.

Ages and deadlines go on in the browser; only what somebody should be pointed at is part of the state.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from console import labels
from console.access import CurrentUser
from orders.decisions.rules import may_be_decided
from orders.models import Order
from orders.states import DecisionKind, Status

# The marks of a row, as the digit at the end of its state.
DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
# What is read to tell a row's state, in the order of `RowFacts`.
FACTS: Final = (
    *("order_id", "version", "status", "decision", "approval_deadline"),
    *("has_message_on_its_way", "is_in_trouble", "read_at"),
)


@dataclass(frozen=True)
class RowFacts:
    """What tells whether a row has changed, without the rest of it."""

    order_id: str
    version: int
    status: str
    decision: str
    approval_deadline: datetime | None
    has_message_on_its_way: bool
    is_in_trouble: bool
    read_at: datetime

    @classmethod
    def of(cls, order: Order) -> "RowFacts":
        """Return the facts of an order of `as_rows`."""
        return cls(*(getattr(order, name) for name in FACTS))

    @property
    def deadline(self) -> datetime | None:
        """Until when a person may decide; None when none has to."""
        is_waiting = self.status == Status.PENDING_MANUAL_APPROVAL and not self.decision
        return self.approval_deadline if is_waiting else None

    @property
    def is_soon(self) -> bool:
        """Tell whether the deadline is near, or over."""
        return self.deadline is not None and labels.is_soon(self.deadline, self.read_at)

    def is_tickable(self, current_user: CurrentUser) -> bool:
        """Tell whether the user may decide something."""
        may_approve = current_user.may_approve and may_be_decided(self, DecisionKind.APPROVE, now=self.read_at)
        return may_approve or (current_user.may_cancel and may_be_decided(self, DecisionKind.CANCEL, now=self.read_at))

    def state(self, current_user: CurrentUser) -> str:
        """Return the version with the marks: what an open page says that it shows of the order."""
        deadline, read_at = self.deadline, self.read_at
        is_soon = deadline is not None and labels.is_soon(deadline, read_at)
        is_over = deadline is not None and deadline <= read_at
        marks = self.has_message_on_its_way | self.is_in_trouble << 1 | is_soon << 2 | is_over << 3
        return f"{self.version:x}{DIGITS[marks | self.is_tickable(current_user) << 4]}"


@dataclass(frozen=True)
class Row:
    """One order in the list."""

    order: Order
    facts: RowFacts
    is_tickable: bool

    @classmethod
    def of(cls, order: Order, current_user: CurrentUser) -> "Row":
        """Return the row of `order`, with a check box where the user may decide something."""
        facts = RowFacts.of(order)
        return cls(order, facts, facts.is_tickable(current_user))

    @property
    def deadline(self) -> datetime | None:
        """Until when a person may decide; None when none has to."""
        return self.facts.deadline

    @property
    def is_soon(self) -> bool:
        """Tell whether the deadline is near, or over."""
        return self.facts.is_soon
