"""Readable logs of the workers: one line each, with the order, the activity and the attempt that it is about."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.db import Error as DatabaseFailure
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from orders.errors import OrderError
from orders.log_lines import LineFormatter

LINE: Final = "{asctime} {levelname} {name} {subject}{message}"
# Failures that an attempt tells of in a line; anything else keeps its traceback.
ORDINARY: Final = (OrderError, ApplicationError, DatabaseFailure)

CORE: Final = "temporalio.core"
# An attempt that took too long says so itself; the core says it again, in 900 characters.
UNHEARD: Final = "Activity not found on completion."
# While Temporal is away each of twenty pollers says so every few seconds.
RETRIED: Final = re.compile(r"gRPC call (\w+) retried \d+ times")
TOLD_EVERY_SECONDS: Final = 30.0

_subject: ContextVar[str] = ContextVar("subject", default="")


@contextmanager
def telling(subject: str) -> Iterator[None]:
    """Let every line that this thread logs in the block begin with `subject`."""
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


class SubjectFilter(logging.Filter):
    """Gives each record its `subject` and one line, and drops what the SDK says too often or at too great length."""

    def __init__(self) -> None:
        super().__init__()
        self._next_retry_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record is logged, after giving it its subject."""
        subject = _subject.get() or _read_subject(record)
        record.subject = f"[{subject}] " if subject else ""
        if "\n" in (message := record.getMessage()):
            record.msg, record.args = " ".join(message.split()), ()
        if record.name == CORE:
            return self._keep_of_core(record)
        error = record.exc_info[1] if record.exc_info else None
        is_failed_attempt = getattr(record, "__temporal_error_identifier", "") == "ActivityFailure"
        return not (is_failed_attempt and isinstance(error, ORDINARY))

    def _keep_of_core(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if retried := RETRIED.search(message):
            if record.created < self._next_retry_at:
                return False
            self._next_retry_at = record.created + TOLD_EVERY_SECONDS
            record.msg = f"Temporal is not answering {retried[1]}; retrying"
        return UNHEARD not in message


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
        handler.setFormatter(LineFormatter(LINE, style="{"))


def hear_core() -> None:
    """Let the SDK's core, which is no Python, log through Python too. Before the process makes its first client."""
    core = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        forwarding=LogForwardingConfig(
            logger=logging.getLogger(CORE), append_target_to_name=False, prepend_target_on_message=False
        ),
    )
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=core)))
