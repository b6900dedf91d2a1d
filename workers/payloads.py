"""The workers' data converter: an argument that cannot be read is an error of its sender, not of the worker.

The SDK fails the *workflow task* when it cannot decode an argument, and the server then tries that task for ever. An
ApplicationError fails the run instead, at once and with a sentence; a signal that cannot be read is dropped with a line
in the log.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, DefaultPayloadConverter
from temporalio.exceptions import ApplicationError


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


DATA_CONVERTER: Final = replace(DataConverter.default, payload_converter_class=CarefulPayloadConverter)
