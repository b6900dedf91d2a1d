"""Records attempts of activities whose worker was not heard of any more, with how far they had come by the tables.

The one that makes the next attempt does so, before it begins. It stands in the order's history for ever, unlike in
Temporal's.
"""

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from orders.events import EventKind, Fact, Reach
from orders.lifecycle.attempts import GIVE_BACK, key_of_failure
from orders.lifecycle.history import Event, write_events
from orders.lifecycle.lookup import lock_order
from orders.models import Order, OrderEvent, Payment, PaymentAttempt, Refund
from orders.states import Status, is_at_or_past

# What a step asks the gateway for. Each call is written down before it is made.
ASKING: Final[Mapping[str, tuple[PaymentAttempt.Kind, ...]]] = {
    "validate_order": (PaymentAttempt.Kind.AUTHORISE,),
    "charge_payment": (PaymentAttempt.Kind.CHARGE, PaymentAttempt.Kind.CAPTURE),
    "refund_payment": (PaymentAttempt.Kind.VOID, PaymentAttempt.Kind.REFUND),
    "process_cancellation": (PaymentAttempt.Kind.VOID, PaymentAttempt.Kind.REFUND),
    GIVE_BACK: (PaymentAttempt.Kind.REFUND,),
}
# Calls to warehouse and carrier are not written down.
SHIPPING: Final = frozenset({"prepare_package", "dispatch_carrier"})
# The status that a step brings an order to.
GOALS: Final[Mapping[str, Status]] = {
    "validate_order": Status.PENDING_MANUAL_APPROVAL,
    "prepare_package": Status.PACKAGE_PREPARED,
    "dispatch_carrier": Status.DISPATCHED,
    "complete_order": Status.COMPLETED,
    "process_cancellation": Status.CANCELLED,
}
CHARGED: Final = frozenset({Payment.Status.CHARGED, Payment.Status.REFUNDED, Payment.Status.NOTHING_DUE})
SETTLED: Final = frozenset(
    {Payment.Status.REFUNDED, Payment.Status.RELEASED, Payment.Status.DECLINED, Payment.Status.NOTHING_DUE}
)
# With these, people change when the next attempt is made, so that it does not tell when the last one began.
STEERED: Final = (EventKind.STEP_RETRIED, EventKind.STEP_RESUMED)


@transaction.atomic
def record_lost_attempt(
    order_id: str, activity: str, attempt: int, error: str, *, run_id: str, seconds: int | None, refund_key: str = ""
) -> bool:
    """Record an attempt that was lost, once, also as one that failed; tell whether nothing was known of its end yet.

    It was resumed after `seconds`, where that is known. One that has told of its own failure was not lost.
    """
    order = lock_order(order_id)
    key = key_of_failure(order, activity, attempt, run_id)
    if order.events.filter(key=key).exists():
        return False
    of_step: dict[str, Fact] = {"activity": activity, "attempt": attempt}
    of_step |= {"refund_key": refund_key} if refund_key else {}
    lost = of_step | {"reach": find_reach(order, activity, refund_key)}
    is_steered = OrderEvent.objects.filter(order=order, kind__in=STEERED, data__activity=activity).exists()
    if seconds is not None and not is_steered:
        lost["seconds"] = seconds
    # The failure comes last: by an order's latest event it is known that a step of it is retried.
    events = [
        Event(EventKind.STEP_LOST, f"lost:{key}", lost),
        Event(EventKind.STEP_FAILED, key, of_step | {"error": error}),
    ]
    return write_events(order, events) > 0


def find_reach(order: Order, activity: str, refund_key: str = "") -> Reach:
    """Return how far the earlier attempts of a step of this order have come, as far as the tables know."""
    if _is_done(order, activity, refund_key):
        return Reach.DONE
    asked = PaymentAttempt.objects.filter(payment__order=order, kind__in=ASKING.get(activity, ()))
    is_recalling = (
        activity == "process_cancellation" and order.status == Status.CANCELLING and hasattr(order, "shipment")
    )
    if activity in SHIPPING or is_recalling or asked.exists():
        return Reach.MAY_HAVE_ASKED
    return Reach.NOT_ASKED


def _is_done(order: Order, activity: str, refund_key: str) -> bool:
    if activity in GOALS:
        return is_at_or_past(Status(order.status), GOALS[activity])
    if activity == GIVE_BACK:
        return Refund.objects.filter(key=refund_key).exclude(status=Refund.Status.PENDING).exists()
    payment = Payment.objects.filter(order=order).first()
    if activity == "charge_payment":
        return payment is not None and payment.status in CHARGED
    if activity == "refund_payment":
        return order.status == Status.CANCELLING and (payment is None or payment.status in SETTLED)
    return False
