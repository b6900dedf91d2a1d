"""Says in a sentence for people why a step failed, from the chain of failures that Temporal hands to a workflow."""

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


def explain_failure(error: FailureError, complaint: str) -> str:
    """Return why the step failed; `complaint`, such as "The order could not be shipped", begins the sentence.

    A refusal is its own sentence, because it was written for people.
    """
    cause = find_cause(error)
    if is_refusal(error):
        return _message(cause)
    if isinstance(cause, CancelledError):
        return f"{complaint}: it was cancelled in Temporal."
    if isinstance(cause, TerminatedError):
        return f"{complaint}: it was terminated in Temporal."
    if isinstance(cause, TimeoutError):
        last = f" The last failure: {_message(cause.cause)}" if cause.cause else " There was no answer."
        return f"{complaint} in time.{last}"
    return f"{complaint} in time. The last failure: {_message(cause)}"


def _message(error: BaseException) -> str:
    # An operator can fail an activity from outside, with any text.
    return clean_text(error.message if isinstance(error, FailureError) else str(error), LONGEST_CAUSE)
