"""The wait of an order for a decision: a deadline that somebody extended, and what people are told on the way to it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EXTEND_SIGNAL: Final = "extend_deadline"


class WaitMark(StrEnum):
    """What is due once a part of the wait is over."""

    REMINDER = "reminder"
    ESCALATION = "escalation"


@dataclass(frozen=True)
class DeadlineExtended:
    """The argument of the signal `extend_deadline`, for whoever reads the run's history.

    The run itself believes none of it: it asks the tables what the deadline is.
    """

    deadline: str = ""
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ConfirmDeadline:
    """The argument of confirm_deadline."""

    order_id: str


@dataclass(frozen=True)
class DeadlineConfirmed:
    """The answer of confirm_deadline: the deadline that the order's row holds, empty where it has none."""

    deadline: str = ""


@dataclass(frozen=True)
class RemindApprovers:
    """The argument of remind_approvers: which WaitMark is due, for a wait until this `deadline`."""

    order_id: str
    mark: str
    deadline: str


@dataclass(frozen=True)
class ApproversReminded:
    """The answer of remind_approvers. With a `deadline`, which is a later one, nobody was told: it is not due yet."""

    deadline: str = ""
