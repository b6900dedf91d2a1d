"""Troubles: what stops an order from moving, shown on its page, in the list and in the history.

A trouble is a row while it lasts; its beginning and end are events. Raising one again changes nothing. A final order
has none.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import Question
from orders.models import Order, Trouble
from orders.states import TroubleCode
from orders.texts import clean_text

# How long, and for how many attempts, an external service may fail before people are told.
UNRESOLVED_AFTER: Final = timedelta(minutes=15)
UNRESOLVED_ATTEMPTS: Final = 3

# The trouble of each activity that depends on an external service.
UNRESOLVED: Final[Mapping[str, TroubleCode]] = {
    "validate_order": TroubleCode.CHECK_UNRESOLVED,
    "charge_payment": TroubleCode.CHARGE_UNRESOLVED,
    "refund_payment": TroubleCode.REFUND_UNRESOLVED,
    "prepare_package": TroubleCode.SHIPMENT_UNRESOLVED,
    "dispatch_carrier": TroubleCode.SHIPMENT_UNRESOLVED,
    "process_cancellation": TroubleCode.SHIPMENT_UNRESOLVED,
}


def raise_trouble(order: Order, code: TroubleCode, detail: str = "") -> bool:
    """Record a trouble on a locked order, and tell whether it is new.

    `detail` is what another program said, such as the gateway's answer; it may change while the trouble lasts.
    """
    trouble, is_new = Trouble.objects.get_or_create(order=order, code=code, defaults={"detail": clean_text(detail)})
    if is_new:
        add_event(order, EventKind.TROUBLE_BEGAN, {"code": code, "detail": detail}, key=f"{_key(trouble)}:began")
    elif trouble.detail != clean_text(detail):
        Trouble.objects.filter(pk=trouble.pk).update(detail=clean_text(detail))
    return is_new


def clear_troubles(order: Order, codes: Iterable[TroubleCode] = tuple(TroubleCode)) -> None:
    """Record that these troubles of a locked order are over, and ignore those that it does not have."""
    for trouble in Trouble.objects.filter(order=order, code__in=list(codes)):
        add_event(order, EventKind.TROUBLE_ENDED, {"code": trouble.code}, key=f"{_key(trouble)}:over")
        trouble.delete()


def ask_trouble(code: TroubleCode) -> Question:
    """Return the question whether an order has this trouble."""
    text = "EXISTS (SELECT FROM orders_trouble WHERE orders_trouble.order_id = orders_order.id AND code = %s)"
    return Question(text, (code,))


def is_unresolved(*, attempt: int, tried_for: timedelta) -> bool:
    """Tell whether an external service has failed for so long that people should be told."""
    return attempt >= UNRESOLVED_ATTEMPTS and tried_for >= UNRESOLVED_AFTER


def _key(trouble: Trouble) -> str:
    return f"trouble:{trouble.code}:{trouble.since.isoformat()}"
