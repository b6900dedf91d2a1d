"""workers.failures: what people read of a step that failed."""

import pytest
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    ChildWorkflowError,
    FailureError,
    RetryState,
    TerminatedError,
    TimeoutError,  # noqa: A004 - Temporal's
    TimeoutType,
)

from orders.causes import Cause
from workers.failures import Explanation, explain_failure, is_refusal

REFUSAL = ApplicationError("The carrier does not deliver there.", type="ShippingRefused", non_retryable=True)
NAMED = ApplicationError("The order has no lines.", "NO_LINES", type="OrderInvalid", non_retryable=True)
FAILURE = ApplicationError("The carrier answered with an internal error.", type="OutsideWorldFailed")
SILENCE = TimeoutError("activity timeout", type=TimeoutType.START_TO_CLOSE, last_heartbeat_details=[])


def of_activity(cause: FailureError) -> ActivityError:
    error = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="dispatch_carrier",
        activity_id="1",
        retry_state=RetryState.TIMEOUT,
    )
    error.__cause__ = cause
    return error


def of_child(cause: FailureError) -> ChildWorkflowError:
    error = ChildWorkflowError(
        "Child Workflow execution failed",
        namespace="default",
        workflow_id="shipping-order-1",
        run_id="run",
        workflow_type="ShippingWorkflow",
        initiated_event_id=1,
        started_event_id=2,
        retry_state=None,
    )
    error.__cause__ = cause
    return error


def silence_after(failure: FailureError) -> FailureError:
    error = TimeoutError("activity timeout", type=TimeoutType.SCHEDULE_TO_CLOSE, last_heartbeat_details=[])
    error.__cause__ = failure
    return error


@pytest.mark.parametrize(
    ("error", "cause", "text"),
    [
        (of_activity(REFUSAL), "", "The carrier does not deliver there."),
        (of_child(of_activity(REFUSAL)), "", "The carrier does not deliver there."),
        (of_activity(NAMED), Cause.NO_LINES, ""),
        (of_activity(FAILURE), Cause.NO_SUCCESS, "The carrier answered with an internal error."),
        (of_activity(SILENCE), Cause.NO_ANSWER, ""),
        (
            of_child(of_activity(silence_after(FAILURE))),
            Cause.NO_SUCCESS,
            "The carrier answered with an internal error.",
        ),
        (of_child(CancelledError("cancelled")), Cause.STEP_CANCELLED, ""),
        (of_child(TerminatedError("terminated")), Cause.STEP_TERMINATED, ""),
    ],
)
def test_a_failure_is_explained_by_a_cause_and_by_what_was_said(error: FailureError, cause: str, text: str) -> None:
    assert explain_failure(error) == Explanation(cause, text)


def test_only_what_is_not_to_be_tried_again_is_a_refusal() -> None:
    assert is_refusal(of_child(of_activity(REFUSAL)))
    assert not is_refusal(of_activity(FAILURE))
    assert not is_refusal(of_activity(SILENCE))


@pytest.mark.parametrize("type_of_error", ["ShippingRefused", "OutsideWorldFailed"])
def test_an_operator_may_fail_an_activity_with_any_text(type_of_error: str) -> None:
    text = f"\x1b[31m\u202eno\r\n{'!' * 1_000_000}"
    error = of_activity(ApplicationError(text, type=type_of_error, non_retryable=type_of_error == "ShippingRefused"))

    sentence = explain_failure(error).text

    assert len(sentence) < 2000
    assert "no\n!!!" in sentence
    assert "\x1b" not in sentence
