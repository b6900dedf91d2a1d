"""Says why an activity or a child failed, from the chain of failures that Temporal hands to a workflow."""

from dataclasses import dataclass
from typing import Final

from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    TerminatedError,
    TimeoutError,  # noqa: A004 - Temporal's, which is no subclass of Python's
)

from orders.causes import Cause
from orders.contracts import PAYMENT_DECLINED
from orders.states import ReasonCode
from orders.texts import clean_text
from workers.steps import DISAGREEMENTS

# Leaves room for what stands round it in the reason of a cancellation.
LONGEST_CAUSE: Final = 1500


def find_cause(error: BaseException) -> BaseException:
    """Return what is behind the wrappers that say only that an activity or a child failed."""
    while isinstance(error, ActivityError | ChildWorkflowError) and error.cause is not None:
        error = error.cause
    return error


def is_refusal(error: BaseException) -> bool:
    """Tell whether a step was refused for good, and not merely without success."""
    cause = find_cause(error)
    return isinstance(cause, ApplicationError) and cause.non_retryable


def is_disagreement(error: BaseException) -> bool:
    """Tell whether the tables say something else about the order than the run that asked for the step."""
    cause = find_cause(error)
    return isinstance(cause, ApplicationError) and cause.type in DISAGREEMENTS


def find_reason(error: BaseException) -> ReasonCode:
    """Return for which reason an order ends that was refused while it was checked."""
    cause = find_cause(error)
    is_decline = isinstance(cause, ApplicationError) and cause.type == PAYMENT_DECLINED
    return ReasonCode.PAYMENT_DECLINED if is_decline else ReasonCode.INVALID


@dataclass(frozen=True)
class Explanation:
    """Why something failed: a Cause, or empty, and what another system said, or empty."""

    cause: str
    text: str


def explain_failure(error: FailureError) -> Explanation:
    """Return why the activity or the child failed."""
    cause = find_cause(error)
    if isinstance(cause, ApplicationError) and is_refusal(error):
        return _explain_refusal(cause)
    if isinstance(cause, CancelledError):
        return Explanation(Cause.STEP_CANCELLED, "")
    if isinstance(cause, TerminatedError):
        return Explanation(Cause.STEP_TERMINATED, "")
    if isinstance(cause, TimeoutError):
        return Explanation(Cause.NO_SUCCESS, _message(cause.cause)) if cause.cause else Explanation(Cause.NO_ANSWER, "")
    return Explanation(Cause.NO_SUCCESS, _message(cause))


def _explain_refusal(refusal: ApplicationError) -> Explanation:
    """Return the cause that the refusal names, or else what it says: then another system said it."""
    named = refusal.details[0] if refusal.details else ""
    return Explanation(str(named), "") if named in set(Cause) else Explanation("", _message(refusal))


def _message(error: BaseException) -> str:
    # An operator can fail an activity from outside, with any text.
    return clean_text(error.message if isinstance(error, FailureError) else str(error), LONGEST_CAUSE)
