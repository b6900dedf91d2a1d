"""How orders are closed: completed or cancelled, and what may keep them from it."""

from dataclasses import dataclass

from orders.contracts.decision import Decision


@dataclass(frozen=True)
class CompleteOrder:
    """The argument of complete_order, with a `cancellation` that the run knows of, and its Cause.

    With one, the order is cancelled by it, unless it is completed already.
    """

    order_id: str
    cancellation: Decision | None = None
    cause: str = ""


@dataclass(frozen=True)
class OrderCompleted:
    """The answer of complete_order.

    `is_completed` is False when the tables hold a cancellation that was taken before, and whose signal is still on its
    way, or when the run named one; the order is then cancelled by this `cancellation`.
    """

    is_completed: bool = True
    cancellation: Decision | None = None


@dataclass(frozen=True)
class ProcessCancellation:
    """The argument of process_cancellation: why, and, where a person chose it, who.

    `reason` is what a person, the gateway or the carrier said; `cause` is a Cause, where a program found the reason.
    `deadline` is the one that has passed, for APPROVAL_TIMEOUT; workers of earlier releases do not say it.
    """

    order_id: str
    reason_code: str
    reason: str
    decision: Decision | None = None
    cause: str = ""
    deadline: str = ""


@dataclass(frozen=True)
class CancellationProcessed:
    """The answer of process_cancellation.

    `is_cancelled` is False only for APPROVAL_TIMEOUT, when the tables hold an approval that was taken before the
    deadline and whose signal is still on its way; the order then goes on with this `approval`. Where they hold a
    cancellation that a person had taken before, the order was cancelled by that `cancellation`. It is False, too, when
    somebody extended the deadline before it passed; the order then waits on, until this `deadline`.
    """

    is_cancelled: bool = True
    approval: Decision | None = None
    cancellation: Decision | None = None
    deadline: str = ""
