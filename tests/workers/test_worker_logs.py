"""workers.logs: what the workers' log says, and what it keeps to itself."""

import io
import logging
import sys
from typing import Any

import pytest

from orders.errors import OutsideWorldFailed
from workers.logs import CORE, LINE, SubjectFilter, shape_lines, telling

RETRY = "gRPC call poll_workflow_task_queue retried 6 times {'error': 'a long story'}"


def record_of(message: str, *, name: str = "orders.engine.outbox", **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.WARNING, "", 0, message, (), None)
    vars(record).update(extra)
    return record


def failed_attempt(error: Exception) -> logging.LogRecord:
    """Return what the SDK logs when an activity raised `error`."""
    record = record_of("Completing activity as failed", __temporal_error_identifier="ActivityFailure")
    try:
        raise error
    except type(error):
        record.exc_info = sys.exc_info()
    return record


@pytest.fixture
def lines() -> SubjectFilter:
    return SubjectFilter()


def test_a_line_of_an_attempt_begins_with_its_subject(lines: SubjectFilter) -> None:
    record = record_of("retrying")
    with telling("order-1 charge_payment attempt 2"):
        assert lines.filter(record)

    assert logging.Formatter(LINE, style="{").format(record).endswith("[order-1 charge_payment attempt 2] retrying")


@pytest.mark.parametrize(
    ("extra", "subject"),
    [
        (
            {"temporal_workflow": {"workflow_id": "order-1", "workflow_type": "OrderWorkflow"}},
            "[order-1 OrderWorkflow] ",
        ),
        (
            {"temporal_activity": {"workflow_id": "order-1", "activity_type": "charge_payment", "attempt": 3}},
            "[order-1 charge_payment attempt 3] ",
        ),
        ({}, ""),
    ],
)
def test_a_line_of_the_sdk_says_what_it_is_about(lines: SubjectFilter, extra: dict[str, Any], subject: str) -> None:
    record = record_of("COMPLETED", **extra)

    assert lines.filter(record)
    assert getattr(record, "subject", None) == subject


def test_a_message_is_one_line(lines: SubjectFilter) -> None:
    record = record_of("connection failed:\n\tIs the server running?")
    lines.filter(record)

    assert record.getMessage() == "connection failed: Is the server running?"


def test_an_ordinary_failure_is_not_told_again_with_its_traceback(lines: SubjectFilter) -> None:
    assert not lines.filter(failed_attempt(OutsideWorldFailed("The carrier answered with an internal error.")))
    assert lines.filter(failed_attempt(KeyError("a mistake in the code")))


def test_an_outage_is_told_once_for_all_pollers(lines: SubjectFilter) -> None:
    first, second, later = (record_of(RETRY, name=CORE, created=at) for at in (100.0, 105.0, 131.0))

    assert [lines.filter(record) for record in (first, second, later)] == [True, False, True]
    assert first.getMessage() == "Temporal is not answering poll_workflow_task_queue; retrying"


def test_an_answer_that_came_too_late_is_not_told_again(lines: SubjectFilter) -> None:
    assert not lines.filter(record_of("Activity not found on completion. This may happen if", name=CORE))


def test_the_lines_of_a_worker_have_its_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = logging.StreamHandler(stream := io.StringIO())
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])

    shape_lines()
    with telling("order-1 charge_payment attempt 2"):
        handler.handle(record_of("decided by \x1b[31molga"))

    assert stream.getvalue().endswith("[order-1 charge_payment attempt 2] decided by \\x1b[31molga\n")
