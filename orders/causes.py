"""What precisely an order was cancelled for, where a reason code alone says too little. Pure data.

`CAUSE_TEXTS` has the English of each cause. It is here, and not with the other labels, because the workflow's status
query is answered where Django is not at hand; `orders.labels` translates it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """Why an order is cancelled, as a program found it out. People, gateways and carriers give texts of their own."""

    NOT_APPROVED = "NOT_APPROVED"
    NO_LINES = "NO_LINES"
    WRONG_TOTAL = "WRONG_TOTAL"
    # What became of an activity or of the shipping workflow.
    NO_ANSWER = "NO_ANSWER"
    NO_SUCCESS = "NO_SUCCESS"
    STEP_CANCELLED = "STEP_CANCELLED"
    STEP_TERMINATED = "STEP_TERMINATED"
    # How the order's run ended before the order did.
    RUN_UNKNOWN = "RUN_UNKNOWN"
    RUN_COMPLETED = "RUN_COMPLETED"
    RUN_FAILED = "RUN_FAILED"
    RUN_TERMINATED = "RUN_TERMINATED"
    RUN_TIMED_OUT = "RUN_TIMED_OUT"
    RUN_CANCELLED = "RUN_CANCELLED"
    RUN_CLOSED = "RUN_CLOSED"


def gettext_noop(message: str) -> str:
    """Mark a text for translation. Django's function of this name cannot be imported into a workflow."""
    return message


CAUSE_TEXTS: Final[Mapping[Cause, str]] = {
    Cause.NOT_APPROVED: gettext_noop("Nobody approved the order by its deadline."),
    Cause.NO_LINES: gettext_noop("The order has no lines."),
    Cause.WRONG_TOTAL: gettext_noop("The order's total is not the sum of its lines."),
    Cause.NO_ANSWER: gettext_noop("There was no answer in time."),
    Cause.NO_SUCCESS: gettext_noop("It did not succeed in time."),
    Cause.STEP_CANCELLED: gettext_noop("It was cancelled in Temporal."),
    Cause.STEP_TERMINATED: gettext_noop("It was terminated in Temporal."),
    Cause.RUN_UNKNOWN: gettext_noop("Temporal does not know the order's workflow run."),
    Cause.RUN_COMPLETED: gettext_noop("The order's workflow run ended before the order did."),
    Cause.RUN_FAILED: gettext_noop("The order's workflow run failed."),
    Cause.RUN_TERMINATED: gettext_noop("The order's workflow run was terminated."),
    Cause.RUN_TIMED_OUT: gettext_noop("The order's workflow run timed out."),
    Cause.RUN_CANCELLED: gettext_noop("The order's workflow run was cancelled in Temporal."),
    Cause.RUN_CLOSED: gettext_noop("The order's workflow run was closed in Temporal."),
}

# The causes of an order's cancellation by how its run had ended; the keys are orders.engine.temporal.Ending, or empty
# for a run that Temporal does not know.
ENDING_CAUSES: Final[Mapping[str, Cause]] = {
    "": Cause.RUN_UNKNOWN,
    "COMPLETED": Cause.RUN_COMPLETED,
    "FAILED": Cause.RUN_FAILED,
    "TERMINATED": Cause.RUN_TERMINATED,
    "TIMED_OUT": Cause.RUN_TIMED_OUT,
    "CANCELLED": Cause.RUN_CANCELLED,
    "UNKNOWN": Cause.RUN_CLOSED,
}


def explain_cause(cause: str, text: str, *, translate: Callable[[str], str] = str) -> str:
    """Return the words of a cause, which may be empty, followed by what somebody else said about it.

    A cause of another release is shown by its code.
    """
    if not cause:
        return text
    known = translate(CAUSE_TEXTS[Cause(cause)]) if cause in set(Cause) else cause
    return f"{known} {text}" if text else known
