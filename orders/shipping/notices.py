"""What carriers tell of parcels after they were handed over: delivered, returned, failed. Told once, in any order.

The body is that of EasyPost's trackers. A notice changes what is known of a shipment, and never an order's status.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.text import slugify
from django.utils.timezone import is_aware

from orders.errors import OrderInvalid, OrderNotFound
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import CarrierNotice, Shipment
from orders.postgres.clock import database_now
from orders.shipping.partners.registry import list_carriers
from orders.texts import LONGEST_REFERENCE, clean_line

SIGNED: Final = "hmac-sha256-hex="
# What a tracker's status means here; all others tell of the way, which nobody waits for.
DELIVERIES: Final = {
    "delivered": Shipment.Delivery.DELIVERED,
    "return_to_sender": Shipment.Delivery.RETURNED,
    "returned": Shipment.Delivery.RETURNED,
    "failure": Shipment.Delivery.FAILED,
}
KINDS: Final = {
    Shipment.Delivery.DELIVERED: EventKind.PARCEL_DELIVERED,
    Shipment.Delivery.RETURNED: EventKind.PARCEL_RETURNED,
    Shipment.Delivery.FAILED: EventKind.PARCEL_FAILED,
}


@dataclass(frozen=True)
class Notice:
    """One message of a carrier about one parcel; `event_id` is the same when it is sent again."""

    event_id: str
    tracking_number: str
    status: str
    at: datetime | None


def sign_body(body: bytes, secret: str) -> str:
    """Return the signature that a carrier sends along with a body."""
    return SIGNED + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str) -> bool:
    """Tell whether the carrier's secret signed the body; never where none is set."""
    secret = settings.CARRIER_WEBHOOK_SECRET
    return bool(secret) and hmac.compare_digest(sign_body(body, secret).encode(), signature.encode())


def find_carrier_name(slug: str) -> str:
    """Return the name of the carrier whose webhook has this address. Raises OrderNotFound."""
    for name in list_carriers():
        if slugify(name) == slug:
            return name
    raise OrderNotFound(slug)


def read_notice(body: bytes) -> Notice:
    """Read an event of a tracker. Raises OrderInvalid."""
    try:
        event: Any = json.loads(body)
        tracker = event["result"]
        texts = [event["id"], tracker["tracking_code"], tracker["status"]]
        moment = tracker.get("updated_at") or ""
        at = parse_datetime(moment) if isinstance(moment, str) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OrderInvalid("This is not an event of a tracker.") from error
    clean = [clean_line(text, None) if isinstance(text, str) else "" for text in texts]
    if not all(clean) or any(len(text) > LONGEST_REFERENCE for text in clean):
        raise OrderInvalid("An event of a tracker has an id, a tracking code and a status.")
    event_id, tracking_number, status = clean
    return Notice(event_id, tracking_number, status, at if at is not None and is_aware(at) else None)


@transaction.atomic
def take_notice(carrier: str, notice: Notice) -> bool:
    """Write down what a carrier tells, once, and tell whether it was news. Raises OrderNotFound."""
    found = Shipment.objects.filter(tracking_number=notice.tracking_number, carrier=carrier)
    shipment = found.select_related("order").first()
    if shipment is None:
        raise OrderNotFound(notice.tracking_number)
    order = lock_order(shipment.order.order_id)
    _, is_new = CarrierNotice.objects.get_or_create(
        carrier=carrier, event_id=notice.event_id, defaults={"shipment": shipment, "status": notice.status}
    )
    shipment.refresh_from_db(fields=["delivery", "delivery_at"])
    delivery, at = DELIVERIES.get(notice.status.lower()), notice.at or database_now()
    is_older = shipment.delivery_at is not None and at < shipment.delivery_at
    if not is_new or delivery is None or is_older or delivery == shipment.delivery:
        return False
    Shipment.objects.filter(pk=shipment.pk).update(delivery=delivery, delivery_at=at)
    facts = {"carrier": carrier, "tracking_number": notice.tracking_number}
    return add_event(order, KINDS[delivery], facts, key=f"delivery:{carrier}:{notice.event_id}")
