"""Readable logs of the workers: one line each, with the order, the activity and the attempt that it is about."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from orders.errors import OrderError

LINE: Final = "{asctime} {levelname} {name} {subject}{message}"

_subject: ContextVar[str] = ContextVar("subject", default="")


@contextmanager
def telling(subject: str) -> Iterator[None]:
    """Let every line that this thread logs meanwhile begin with `subject`."""
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


class SubjectFilter(logging.Filter):
    """Gives each record its `subject`, and drops the SDK's traceback of failures that are ordinary.

    The SDK tells of each failed attempt with a traceback; the attempt itself has told of it in a line. Only what nobody
    expected keeps its traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is logged, after giving it its subject."""
        subject = _subject.get() or _read_subject(record)
        record.subject = f"[{subject}] " if subject else ""
        error = record.exc_info[1] if record.exc_info else None
        is_activity_failure = getattr(record, "__temporal_error_identifier", "") == "ActivityFailure"
        return not (is_activity_failure and isinstance(error, OrderError | ApplicationError))


def _read_subject(record: logging.LogRecord) -> str:
    """Return what the SDK says that a record is about."""
    run: dict[str, Any] | None = getattr(record, "temporal_workflow", None)
    if run is not None:
        return f"{run['workflow_id']} {run['workflow_type']}"
    attempt: dict[str, Any] | None = getattr(record, "temporal_activity", None)
    if attempt is not None:
        return f"{attempt['workflow_id']} {attempt['activity_type']} attempt {attempt['attempt']}"
    return ""


def shape_lines() -> None:
    """Give every line of this process the workers' shape. To be called once."""
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    for handler in logging.getLogger().handlers:
        handler.addFilter(SubjectFilter())
        handler.setFormatter(logging.Formatter(LINE, style="{"))


def hear_core() -> None:
    """Let the SDK's core, which is no Python, log through Python too. Before the process makes its first client."""
    core = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core"), append_target_to_name=False),
    )
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=core)))
