"""What keeps an order from moving, told to people: on its page, in the list, in the history.

A trouble is a row while it lasts. Its beginning and its end are events. Whoever notices one raises it, again and again
if need be; whoever sees that it is over clears it, and a final order has none.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.models import Order, Trouble
from orders.states import TroubleCode
from orders.texts import clean_text

# How long, and for how many attempts, the outside world may fail a step before people are told.
UNRESOLVED_AFTER: Final = timedelta(minutes=15)
UNRESOLVED_ATTEMPTS: Final = 3

# Which trouble it is when the outside world gives no answer to a step; the other steps ask nobody outside.
UNRESOLVED: Final[Mapping[str, TroubleCode]] = {
    "validate_order": TroubleCode.CHECK_UNRESOLVED,
    "charge_payment": TroubleCode.CHARGE_UNRESOLVED,
    "refund_payment": TroubleCode.REFUND_UNRESOLVED,
    "prepare_package": TroubleCode.SHIPMENT_UNRESOLVED,
    "dispatch_carrier": TroubleCode.SHIPMENT_UNRESOLVED,
    "process_cancellation": TroubleCode.SHIPMENT_UNRESOLVED,
}


def raise_trouble(order: Order, code: TroubleCode, detail: str = "") -> bool:
    """Write on a locked order that it is in trouble, and tell whether that is news.

    `detail` is what another program said, such as the gateway's answer; it may change while the trouble lasts.
    """
    trouble, is_new = Trouble.objects.get_or_create(order=order, code=code, defaults={"detail": clean_text(detail)})
    if is_new:
        add_event(order, EventKind.TROUBLE_BEGAN, {"code": code, "detail": detail}, key=f"{_key(trouble)}:began")
    elif trouble.detail != clean_text(detail):
        Trouble.objects.filter(pk=trouble.pk).update(detail=clean_text(detail))
    return is_new


def clear_troubles(order: Order, codes: Iterable[TroubleCode] = tuple(TroubleCode)) -> None:
    """Write on a locked order that these troubles are over; those that it is not in are passed over."""
    for trouble in Trouble.objects.filter(order=order, code__in=list(codes)):
        add_event(order, EventKind.TROUBLE_ENDED, {"code": trouble.code}, key=f"{_key(trouble)}:over")
        trouble.delete()


def is_unresolved(*, attempt: int, tried_for: timedelta) -> bool:
    """Tell whether the outside world has failed a step for so long that people are to be told."""
    return attempt >= UNRESOLVED_ATTEMPTS and tried_for >= UNRESOLVED_AFTER


def _key(trouble: Trouble) -> str:
    return f"trouble:{trouble.code}:{trouble.since.isoformat()}"
