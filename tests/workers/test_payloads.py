"""workers.payloads: what the workers send to Temporal can be held by Temporal."""

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError, FailureError

from workers.payloads import DATA_CONVERTER


def convert(error: BaseException) -> tuple[Failure, FailureError]:
    """Return the error as Temporal is told of it, and as it is read again."""
    failure = Failure()
    DATA_CONVERTER.failure_converter.to_failure(error, DATA_CONVERTER.payload_converter, failure)
    again = DATA_CONVERTER.failure_converter.from_failure(failure, DATA_CONVERTER.payload_converter)
    assert isinstance(again, FailureError)
    return failure, again


def test_an_exception_with_half_a_pair_in_it_can_be_sent() -> None:
    try:
        try:
            raise KeyError("\ud83d\x1b")
        except KeyError as error:
            raise ValueError("no \ud83d name\u202e") from error
    except ValueError as error:
        failure, again = convert(error)

    assert failure.message == "no � name"
    assert failure.application_failure_info.type == "ValueError"
    assert "test_payloads.py" in failure.stack_trace
    assert failure.cause.application_failure_info.type == "KeyError"
    assert isinstance(again, ApplicationError)
    assert not again.non_retryable


def test_a_very_long_exception_is_cut() -> None:
    assert len(convert(ValueError("x" * 3_000_000))[0].message) == 2000


@pytest.mark.parametrize("is_final", [True, False])
def test_a_refusal_stays_what_it_is(is_final: bool) -> None:
    refusal = ApplicationError("The bank declined the card.", type="PaymentDeclined", non_retryable=is_final)

    again = convert(refusal)[1]

    assert isinstance(again, ApplicationError)
    assert (again.message, again.type, again.non_retryable) == (refusal.message, "PaymentDeclined", is_final)
