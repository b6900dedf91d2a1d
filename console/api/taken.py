"""The shapes of what the API takes besides orders. What a text or number may be, the domain's one reader says."""

from typing import Annotated

from pydantic import Field

from orders.deadlines.extend import MOST_HOURS
from orders.intake.documents import MOST_MINOR_UNITS, Taken
from orders.texts import LONGEST_TEXT

Reason = Annotated[str, Field(max_length=LONGEST_TEXT)]


class NewApproval(Taken):
    """Why an order is approved."""

    reason: Reason = ""


class NewCancellation(Taken):
    """Why an order is cancelled."""

    reason: Reason = ""
    reason_code: Annotated[str, Field(max_length=32, description="A code of the shop's list of reasons.")] = ""
    customer_text: Annotated[Reason, Field(description="What the customer is to be told.")] = ""


class NewDeadline(Taken):
    """How much longer an order waits for its decision, one way or the other, and why."""

    hours: Annotated[int | None, Field(ge=1, le=MOST_HOURS, description="So many more than it has.")] = None
    until: Annotated[str, Field(max_length=40, description="A time by RFC 3339; without a zone in UTC.")] = ""
    reason: Reason


class NewRefund(Taken):
    """How much to refund, and why."""

    amount: Annotated[int, Field(gt=0, le=MOST_MINOR_UNITS, description="In the currency's minor unit.")]
    reason_code: Annotated[str, Field(max_length=32, description="A code of the shop's list of reasons.")] = ""
    reason: Reason = ""


class NewComment(Taken):
    """A comment to write."""

    text: Reason
