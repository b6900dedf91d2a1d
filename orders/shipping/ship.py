"""Packs an order and hands it to the carrier.

Each function is one call of an activity and safe to repeat. It checks the order before it calls the service, so that
nothing is done to one that is final or has moved on, and again under the row's lock after it. The first look is a plain
read: no row is locked during the call, so a lock would have to be given back before it and would keep nothing out.
"""

from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from orders import contracts
from orders.errors import ShippingRefused
from orders.events import EventKind
from orders.identifiers import is_order_id
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import check_is_open, lock_open_order, read_open_order
from orders.lifecycle.statuses import advance
from orders.models import Order, OrderLine, Shipment
from orders.reading.querysets import SEARCH_COLUMNS
from orders.shipping.partners.interface import Parcel
from orders.shipping.partners.registry import (
    carrier_of_new_shipments,
    find_carrier,
    find_warehouse,
    list_carriers,
)
from orders.states import (
    Status,
    check_transition,
    is_at_or_past,
)
from orders.texts import LONGEST_REFERENCE, clean_line

# What is read with an order's lines for each call of the services: see `_read_parcel`.
PARCEL_UNREAD: Final = tuple(f"order__{name}" for name in SEARCH_COLUMNS)


def prepare_package(command: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the parcel, and open the order's shipment.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    order, packed, lines = _read_parcel(command.order_id)
    _check_may_ship(order, Status.PACKAGE_PREPARED)
    if packed is not None and is_at_or_past(Status(order.status), Status.PACKAGE_PREPARED):
        return contracts.PackagePrepared(shipment_id, packed.package_reference)
    package_reference = clean_line(find_warehouse().pack(_describe(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED)
        package_reference = _write_package(order, shipment_id, package_reference)
        advance(order, Status.PACKAGE_PREPARED, {"package_reference": package_reference})
    return contracts.PackagePrepared(shipment_id, package_reference)


def _write_package(order: Order, shipment_id: str, package_reference: str) -> str:
    """Open a locked order's shipment, or give the one that is open its package; return the package's reference."""
    shipment = Shipment.objects.filter(order=order).first()
    if shipment is None:
        # Before the parcel is handed over, so that a carrier whose answer was lost is asked again, and no other.
        carrier = carrier_of_new_shipments().name
        Shipment.objects.create(
            shipment_id=shipment_id, order=order, carrier=carrier, package_reference=package_reference
        )
        return package_reference
    if not shipment.package_reference:
        shipment.package_reference = package_reference
        shipment.save(update_fields=["package_reference"])
    return shipment.package_reference


def dispatch_carrier(command: contracts.DispatchCarrier) -> contracts.CarrierDispatched:
    """Hand the parcel to the carrier.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    order, sent, lines = _read_parcel(command.order_id)
    _check_may_ship(order, Status.DISPATCHED)
    is_sent = sent is not None and sent.status == Shipment.Status.DISPATCHED
    if sent is not None and is_sent and is_at_or_past(Status(order.status), Status.DISPATCHED):
        return contracts.CarrierDispatched(shipment_id, sent.carrier, sent.tracking_number)
    carrier = find_carrier(sent.carrier if sent is not None else "")
    tracking_number = clean_line(carrier.book(_describe(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.DISPATCHED)
        Shipment.objects.filter(shipment_id=shipment_id).exclude(status=Shipment.Status.DISPATCHED).update(
            status=Shipment.Status.DISPATCHED,
            carrier=carrier.name,
            tracking_number=tracking_number,
            dispatched_at=Now(),
        )
        advance(order, Status.DISPATCHED, {"carrier": carrier.name, "tracking_number": tracking_number})
    return contracts.CarrierDispatched(shipment_id, carrier.name, tracking_number)


def _read_parcel(order_id: str) -> tuple[Order, Shipment | None, list[OrderLine]]:
    """Return an open order, its shipment if it has one, and its lines, by one statement and unlocked.

    Raises OrderNotFound, OrderClosed.
    """
    of_order = OrderLine.objects.filter(order__order_id=order_id) if is_order_id(order_id) else OrderLine.objects.none()
    lines = list(of_order.select_related("order__shipment").defer(*PARCEL_UNREAD))
    if not lines:
        return read_open_order(order_id), None, lines
    order = lines[0].order
    check_is_open(order)
    return order, getattr(order, "shipment", None), lines


def _describe(order: Order, lines: list[OrderLine]) -> Parcel:
    """Return what warehouse and carrier are told of an order."""
    shipment_id = contracts.shipping_workflow_id(order.order_id)
    facts = tuple(line.facts for line in lines)
    return Parcel(shipment_id, order.order_id, order.customer, order.shipping_address, facts)


def _lock_for_shipping(order_id: str, goal: Status) -> Order:
    """Return the locked order. Raises OrderNotFound, OrderClosed, and what `_check_may_ship` raises."""
    order = lock_open_order(order_id)
    _check_may_ship(order, goal)
    return order


def _check_may_ship(order: Order, goal: Status) -> None:
    """Refuse an order that may not go to `goal` next and has not been there.

    Raises ShippingRefused for one that is being cancelled, IllegalTransition.
    """
    if order.status == Status.CANCELLING:
        raise ShippingRefused("The order is being cancelled.")
    if not is_at_or_past(Status(order.status), goal):
        check_transition(Status(order.status), goal)


def adopt_shipment(order_id: str) -> None:
    """Record a parcel that the carrier has and the tables lack, as after a restore from an older copy."""
    shipment_id = contracts.shipping_workflow_id(order_id)
    if Shipment.objects.filter(shipment_id=shipment_id).exists():
        return
    found = ((name, carrier.find_booking(shipment_id)) for name, carrier in list_carriers().items())
    name, booking = next(((name, booking) for name, booking in found if booking is not None), ("", None))
    if booking is None or booking.is_recalled:
        return
    with transaction.atomic():
        order = lock_open_order(order_id)
        Shipment.objects.get_or_create(
            shipment_id=shipment_id,
            defaults={"order": order, "carrier": name, "tracking_number": booking.tracking_number},
        )
        facts = {"carrier": name, "tracking_number": booking.tracking_number}
        add_event(order, EventKind.PARCEL_FOUND, facts, key=f"adopted:{shipment_id}")
