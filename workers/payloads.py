"""The workers' data converter: what cannot be read is an error of its sender, and what is sent can be read.

The SDK fails the *workflow task* when it cannot decode an argument, and the server then tries that task for ever. An
ApplicationError fails the run instead, at once and with a sentence; a signal that cannot be read is dropped with a line
in the log.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    PayloadConverter,
)
from temporalio.exceptions import ApplicationError, FailureError

from orders.texts import clean_text


class CarefulPayloadConverter(DefaultPayloadConverter):
    """The SDK's own converter, whose failures to decode are ApplicationErrors."""

    def from_payloads(self, payloads: Sequence[Payload], type_hints: list[type] | None = None) -> list[Any]:
        """Decode `payloads`. Raises ApplicationError, not retryable, when one cannot be read."""
        try:
            return super().from_payloads(payloads, type_hints)
        # Whatever a decoder raises about bytes from outside: KeyError, ValueError, RuntimeError, RecursionError.
        except Exception as error:
            text = f"An argument cannot be read: {type(error).__name__}."
            raise ApplicationError(text, type="UnreadableArgument", non_retryable=True) from error


class CleanFailureConverter(DefaultFailureConverter):
    """The SDK's own converter of exceptions, for texts that Temporal can hold; others would fail the task for ever."""

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        """Write the exception, and those behind it, into `failure`."""
        if not isinstance(exception, FailureError):
            error = ApplicationError(clean_text(str(exception)), type=type(exception).__name__)
            error.__traceback__, error.__cause__ = exception.__traceback__, exception.__cause__
            exception = error
        super().to_failure(exception, payload_converter, failure)


DATA_CONVERTER: Final = replace(
    DataConverter.default,
    payload_converter_class=CarefulPayloadConverter,
    failure_converter_class=CleanFailureConverter,
)
