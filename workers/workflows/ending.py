"""How an order leaves its way before it is completed."""

from orders.causes import Cause, explain_cause
from orders.contracts import CANCEL_REQUEST_ACTOR, Decision, OrderInput
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
        # complete_order follows the shipping in one workflow task. Where that task is done again, because a worker died
        # or a signal arrived, the signal stands before all that the task did.
        self.may_be_completed = False


def end_by_staff(cancellation: Decision | None, *, is_processed: bool = False) -> OrderEnds:
    """Return the end of an order that somebody decided to cancel."""
    decision = cancellation or Decision()
    cause = Cause.RUN_CANCELLED if decision.actor == CANCEL_REQUEST_ACTOR else ""
    return OrderEnds(ReasonCode.STAFF, Explanation(cause, decision.reason), decision, is_processed=is_processed)


def end_of_earlier_run(order: OrderInput) -> OrderEnds:
    """Return the end of an order of which a new run cleans up what an earlier one left."""
    code = ReasonCode(order.compensate_code or ReasonCode.STAFF)
    return OrderEnds(code, Explanation(order.compensate_cause, order.compensate_for), order.decision)


def describe_end(end: OrderEnds | None) -> dict[str, str]:
    """Return what the status query says of why the order is cancelled, as fields of its answer."""
    if end is None:
        return {}
    reason = explain_cause(end.cause, end.reason)
    return {"reason_code": end.code, "reason": reason, "cause": end.cause, "reason_text": end.reason}
