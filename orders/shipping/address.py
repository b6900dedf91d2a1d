"""Correcting where an order goes, until its package is prepared. The country stays: the policy has judged by it.

Whoever approved the order did so for an address. So once somebody has, a correction is for approvers alone, and not for
whoever submitted the order.
"""

import hashlib
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from orders import permissions
from orders.errors import AddressKept
from orders.events import EventKind, Fact
from orders.intake.addresses import WRITTEN
from orders.intake.drafts import tidy_address
from orders.labels.statuses import name_status
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_order
from orders.models import Order, Shipment
from orders.permissions import Actor
from orders.states import CANCELLABLE, HAPPY_PATH, Status
from orders.texts import clean_text

# Up to here nothing is packed for good; a test compares it with what the database accepts.
CORRECTABLE: Final = frozenset(HAPPY_PATH[: HAPPY_PATH.index(Status.PACKAGE_PREPARED)])


def correct_address(order: Order, *, actor: Actor, typed: Mapping[str, str], seen: str = "", reason: str = "") -> bool:
    """Send the order to another address in its country, and tell whether that is another than before.

    `typed` are the parts by their columns; `seen` is the `digest_address` that the person corrected. Raises NotAllowed,
    OwnOrder, OrderInvalid for what cannot be an address, AddressKept when it is too late or somebody was faster.
    """
    permissions.check_may_correct_address(actor, order)
    with transaction.atomic():
        locked = lock_order(order.order_id)
        permissions.check_may_correct_address(actor, locked)
        refusal = find_refusal(locked, has_shipment=Shipment.objects.filter(order=locked).exists())
        if refusal:
            raise AddressKept(refusal)
        if seen and seen != digest_address(locked):
            raise AddressKept(_("The address was changed after you opened this page. Compare it with what you typed."))
        old, new = _parts_of(locked), tidy_address(locked.address_country, typed)
        if new == old:
            return False
        facts: dict[str, Fact] = {"channel": permissions.find_channel(actor).value, "old": old, "new": new}
        if said := clean_text(reason):
            facts["reason"] = said
        name, key = actor.get_username(), f"address:{uuid4()}"
        return add_event(locked, EventKind.ADDRESS_CORRECTED, facts, key=key, actor=name, changes=new)


def find_refusal(order: Order, *, has_shipment: bool) -> str:
    """Say why the address cannot be corrected any more; empty when it can."""
    if order.is_cancel_requested or order.status not in CANCELLABLE:
        status = name_status(order.status if order.status not in CANCELLABLE else Status.CANCELLING)
        return _("Too late to correct the address: the order is %(status)s.") % {"status": status}
    if order.status not in CORRECTABLE or has_shipment:
        return _("Too late to correct the address: the package has been prepared.")
    return ""


def digest_address(order: Order) -> str:
    """Return a short text that is another for each address."""
    return hashlib.sha256("\n".join(_parts_of(order).values()).encode()).hexdigest()[:16]


def _parts_of(order: Order) -> dict[str, str]:
    return {name: getattr(order, name) for name in WRITTEN}
