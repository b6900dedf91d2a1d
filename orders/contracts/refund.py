"""What crosses Temporal about refunds that people ask for, and the answer about one that a cancellation makes."""

from dataclasses import dataclass
from typing import Final

REFUND_WORKFLOW: Final = "RefundWorkflow"


@dataclass(frozen=True)
class PaymentRefunded:
    """The answer of refund_payment; `amount` is 0 when no money had been taken."""

    payment_id: str
    amount: int
    currency: str


@dataclass(frozen=True)
class RefundInput:
    """The argument of RefundWorkflow, whose workflow id is `refund-` and the `refund_key`; also that of its step."""

    order_id: str
    refund_key: str


@dataclass(frozen=True)
class RefundGivenBack:
    """The answer of give_back_refund; `is_done` is False where the gateway refused it for good."""

    is_done: bool
