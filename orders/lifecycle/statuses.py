"""The only writer of an order's status."""

from collections.abc import Mapping, Sequence

from django.db.models.functions import Now

from orders import contracts
from orders.causes import Cause
from orders.events import STATUS_KINDS, Fact
from orders.lifecycle.decisions import answer_decisions, record_decision
from orders.lifecycle.history import Event, write_events
from orders.lifecycle.troubles import clear_troubles
from orders.models import Order
from orders.postgres.parts import Part
from orders.states import (
    FINAL,
    DecisionKind,
    ReasonCode,
    Status,
    check_transition,
    is_at_or_past,
)
from orders.texts import clean_text


def advance(
    order: Order,
    status: Status,
    facts: Mapping[str, Fact] | None = None,
    *,
    changes: Mapping[str, object] | None = None,
    through: Status | None = None,
    after: Sequence[Event] = (),
    found_by: str = "",
    parts: Sequence[Part] = (),
) -> bool:
    """Move a locked order to `status` with an event that has these facts, and tell whether it moved.

    `changes` are other columns of the row that change with the status, and `found_by` as in `write_events`. The status
    `through` is passed on the way, where it has not been yet. The order moves after the events `after`, and together
    with `parts`; both are written as well where it does not move.
    An order that is there or further on the same way stays. Raises IllegalTransition for a step that may not follow.
    """
    if is_at_or_past(Status(order.status), status):
        write_events(order, after, parts=parts)
        return False
    current, moves = Status(order.status), []
    if through is not None and not is_at_or_past(current, through):
        check_transition(current, through)
        current, moves = through, [Event(STATUS_KINDS[through], f"status:{through}")]
    check_transition(current, status)
    moves.append(Event(STATUS_KINDS[status], f"status:{status}", facts or {}))
    changed = {"status": status, **({"closed_at": Now()} if status in FINAL else {}), **(changes or {})}
    write_events(order, [*after, *moves], changes=changed, found_by=found_by, parts=parts)
    if status in FINAL and order.has_open_ends:
        clear_troubles(order)
    return True


def begin_cancelling(order: Order, command: contracts.RefundPayment | contracts.ProcessCancellation) -> None:
    """Start cancelling a locked order, for the command's reason; do nothing if that has already begun."""
    decision_id = record_decision(order, DecisionKind.CANCEL, command.decision)
    if is_at_or_past(Status(order.status), Status.CANCELLING):
        return
    reasons = {
        "reason_code": ReasonCode(command.reason_code),
        "cause": command.cause if command.cause in set(Cause) else "",
        "reason": clean_text(command.reason),
    }
    advance(order, Status.CANCELLING, reasons, changes=reasons)
    is_by_staff = command.reason_code == ReasonCode.STAFF and order.is_cancel_requested
    accepted_id = (decision_id or order.decision_id) if is_by_staff else ""
    answer_decisions(order, DecisionKind.CANCEL, accepted_id=accepted_id)


def reasons_of(order: Order) -> dict[str, str]:
    """Return the facts of an order's cancellation, as its events tell them."""
    return {"reason_code": order.reason_code, "cause": order.cause, "reason": order.reason}
