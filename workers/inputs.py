"""Reads what a run was started with. Anybody with access to Temporal may start one, with anything.

What cannot be meant fails the run at once, with a sentence; it never fails the workflow task, which would be tried for
ever. Fields that this release does not know are ignored, because they may be another release's.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from temporalio.exceptions import ApplicationError

from orders.causes import Cause
from orders.contracts import BatchInput, Decision, ImportInput, OrderInput, RefundInput, ShippingInput
from orders.states import ReasonCode
from orders.texts import LONGEST_ID, clean_text
from workers.decisions import read_decision

WRONG_INPUT: Final = "WrongInput"
# Ten years: far above any wait for a decision, and far below what a time can hold.
LONGEST_APPROVAL_SECONDS: Final = 10 * 365 * 24 * 3600


def read_order_input(arguments: Sequence[object]) -> OrderInput:
    """Return the argument of OrderWorkflow. Raises ApplicationError, which is not retryable."""
    fields = _read_object(arguments, OrderInput)
    return OrderInput(
        order_id=_read_id(fields, "order_id", is_needed=True),
        payment_id=_read_id(fields, "payment_id"),
        approval_seconds=_read_seconds(fields.get("approval_seconds")),
        deadline=_read_time(fields.get("deadline", "")),
        decision=_read_decision(fields.get("decision")),
        compensate_for=clean_text(_read_text(fields, "compensate_for")),
        compensate_code=_read_code(fields, "compensate_code", ReasonCode),
        is_refund_due=fields.get("is_refund_due") is True,
        compensate_cause=_read_code(fields, "compensate_cause", Cause),
        has_search_attributes=fields.get("has_search_attributes") is True,
    )


def check_workflow_id(order: OrderInput, workflow_id: str) -> None:
    """Raise ApplicationError, which is not retryable, where the run is not the order's own."""
    if workflow_id != order.order_id:
        raise ApplicationError(
            f"The workflow id must be the order_id, {order.order_id}.", type="WrongWorkflowId", non_retryable=True
        )


def read_shipping_input(arguments: Sequence[object]) -> ShippingInput:
    """Return the argument of ShippingWorkflow. Raises ApplicationError, which is not retryable."""
    return ShippingInput(_read_id(_read_object(arguments, ShippingInput), "order_id", is_needed=True))


def read_batch_input(arguments: Sequence[object]) -> BatchInput:
    """Return the argument of BatchWorkflow. Raises ApplicationError, which is not retryable."""
    return BatchInput(_read_id(_read_object(arguments, BatchInput), "batch_id", is_needed=True))


def read_import_input(arguments: Sequence[object]) -> ImportInput:
    """Return the argument of ImportWorkflow. Raises ApplicationError, which is not retryable."""
    return ImportInput(_read_id(_read_object(arguments, ImportInput), "import_id", is_needed=True))


def read_refund_input(arguments: Sequence[object]) -> RefundInput:
    """Return the argument of RefundWorkflow. Raises ApplicationError, which is not retryable."""
    fields = _read_object(arguments, RefundInput)
    order_id = _read_id(fields, "order_id", is_needed=True)
    return RefundInput(order_id, _read_id(fields, "refund_key", is_needed=True))


def _refuse(sentence: str) -> ApplicationError:
    return ApplicationError(sentence, type=WRONG_INPUT, non_retryable=True)


def _read_object(arguments: Sequence[object], message: type[Any]) -> Mapping[str, object]:
    """Return the fields of the one argument."""
    if len(arguments) != 1:
        raise _refuse(f"The run takes one argument, an object with an order_id. It got {len(arguments)}.")
    (argument,) = arguments
    fields = vars(argument) if isinstance(argument, message) else argument
    if not isinstance(fields, Mapping):
        raise _refuse(f"The argument must be an object with an order_id, not {type(argument).__name__}.")
    return fields


def _read_text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _refuse(f"The {name} of the argument must be a text.")
    return value


def _read_id(fields: Mapping[str, object], name: str, *, is_needed: bool = False) -> str:
    value = _read_text(fields, name)
    if is_needed and not value:
        raise _refuse(f"The argument must be complete: its {name} is missing.")
    if len(value) > LONGEST_ID or not value.isprintable():
        raise _refuse(f"The {name} of the argument is not an id.")
    return value


def _read_code(fields: Mapping[str, object], name: str, codes: type[StrEnum]) -> str:
    value = _read_text(fields, name)
    if value and value not in set(codes):
        raise _refuse(f"The {name} of the argument must be one of {', '.join(codes)}.")
    return value


def _read_seconds(value: object) -> int | None:
    if value is None:
        return None
    # True and False are integers in Python, but no numbers of seconds.
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LONGEST_APPROVAL_SECONDS:
        raise _refuse(f"The approval_seconds of the argument must be a number of at most {LONGEST_APPROVAL_SECONDS}.")
    return value


def _read_time(value: object) -> str:
    """Return the time in UTC, or an empty text where none is given."""
    if value in (None, ""):
        return ""
    try:
        time = datetime.fromisoformat(str(value))
        in_utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refuse("The deadline of the argument must be an ISO 8601 time.") from error
    if abs(in_utc - datetime(2026, 1, 1, tzinfo=UTC)) > timedelta(days=365 * 100):
        raise _refuse("The deadline of the argument must be in this century.")
    return in_utc.isoformat()


def _read_decision(value: object) -> Decision | None:
    if value is None or isinstance(value, Decision):
        return value
    if not isinstance(value, Mapping):
        raise _refuse("The decision of the argument must be an object.")
    return read_decision([value])
