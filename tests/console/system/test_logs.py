"""The log's lines: what they leave out."""

import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from console.logs import OneLine, WithoutRows
from orders.models import Order
from tests.database import past_the_rules
from tests.making import MakeOrder
from workers import logs

CUSTOMER = "Ottilie\nVandersluis (DETAIL: of no 5)"


@pytest.fixture(params=["row", "statement"])
def failure(make_order: MakeOrder, request: pytest.FixtureRequest) -> DatabaseError:
    """An error that repeats a customer's row, or what a statement said of it."""
    order = make_order(customer_name=CUSTOMER)
    attempts: dict[str, Callable[[], object]] = {
        "row": lambda: Order.objects.filter(pk=order.pk).update(total=-1),
        "statement": lambda: Order.objects.extra(where=["x = %s"], params=[CUSTOMER]).exists(),
    }
    with past_the_rules(), pytest.raises(DatabaseError) as refused, transaction.atomic():
        attempts[request.param]()
    assert "Otti" in str(refused.value)
    return refused.value


def write(*filters: logging.Filter, error: BaseException, in_message: bool) -> str:
    """Log the error with a traceback, or in the message, through `filters`, and return what is written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("{levelname} {name} {message}", style="{"))
    for each in filters:
        handler.addFilter(each)
    logger = logging.Logger("tests")
    logger.addHandler(handler)
    if in_message:
        logger.warning("attempt 3 failed: %s", error)
    else:
        logger.error("Internal Server Error: /orders/", exc_info=error)
    return stream.getvalue()


def test_the_handler_of_the_project_leaves_rows_out() -> None:
    handlers: dict[str, Any] = settings.LOGGING["handlers"]
    assert handlers["stderr"]["filters"] == ["without_rows"]


@pytest.mark.parametrize("in_message", [False, True], ids=["traceback", "message"])
@pytest.mark.parametrize("shaping", [[], [logs.SubjectFilter()]], ids=["web", "workers"])
def test_a_row_that_was_refused_is_not_repeated(
    failure: DatabaseError, in_message: bool, shaping: list[logging.Filter]
) -> None:
    written = write(WithoutRows(), *shaping, error=failure, in_message=in_message)
    assert "order_total_is_not_negative" in written or 'column "x" does not exist' in written
    assert "Otti" not in written
    assert "Failing row" not in written
    assert in_message or written.count("Traceback (most recent call last):") == 2  # psycopg's and Django's


def test_a_row_is_not_repeated_by_what_came_of_the_error(failure: DatabaseError) -> None:
    try:
        raise RuntimeError("the order could not be stored") from failure
    except RuntimeError as error:
        written = write(WithoutRows(), error=error, in_message=False)
    assert "RuntimeError: the order could not be stored" in written
    assert "Otti" not in written


def test_other_tracebacks_stay_as_they_are() -> None:
    with pytest.raises(ValueError, match="one") as raised:
        raise ValueError("one\ntwo")
    unfiltered = write(error=raised.value, in_message=False)
    assert write(WithoutRows(), error=raised.value, in_message=False) == unfiltered


def test_a_line_of_strangers_is_one_line_and_short() -> None:
    written = write(OneLine(), error=ValueError("\x1b[2Jone\ntwo " + "x" * 5000), in_message=True)
    assert written.count("\n") == 1
    assert "?[2Jone two xxx" in written
    assert len(written) < 400
