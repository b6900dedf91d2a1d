"""How an order leaves its way before it is completed."""

from orders.contracts import Decision
from orders.states import ReasonCode
from workers.failures import Explanation


class OrderEnds(Exception):
    """The order leaves its way, for this reason: it has to be cancelled, or (`is_processed`) it is already."""

    def __init__(
        self,
        code: ReasonCode,
        explanation: Explanation,
        decision: Decision | None = None,
        *,
        is_processed: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.cause = explanation.cause
        self.reason = explanation.text
        self.decision = decision
        self.is_processed = is_processed
