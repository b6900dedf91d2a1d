"""The deadline of an order that waits for a decision, once somebody has extended it."""

from dataclasses import dataclass
from typing import Final

EXTEND_SIGNAL: Final = "extend_deadline"


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
