"""Packs an order and hands it to the carrier.

Each function is one call of an activity and safe to repeat. It checks the row under its lock before it calls the
service, so that nothing is done to an order that is final or has moved on, and again after it; no row is locked in
between.
"""

from django.db import transaction
from django.db.models.functions import Now

from orders import contracts
from orders.errors import ShippingRefused
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order
from orders.lifecycle.statuses import advance
from orders.models import Order, Shipment
from orders.shipping.carriers import carrier, warehouse
from orders.states import (
    Status,
    check_transition,
    is_at_or_past,
)
from orders.texts import LONGEST_REFERENCE, clean_line


def prepare_package(command: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the parcel, and open the order's shipment.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED)
        packed = Shipment.objects.filter(order=order).first()
    if packed is not None and is_at_or_past(Status(order.status), Status.PACKAGE_PREPARED):
        return contracts.PackagePrepared(shipment_id, packed.package_reference)
    package_reference = clean_line(warehouse.pack(shipment_id), LONGEST_REFERENCE)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED)
        package_reference = _write_package(order, shipment_id, package_reference)
        advance(order, Status.PACKAGE_PREPARED, {"package_reference": package_reference})
    return contracts.PackagePrepared(shipment_id, package_reference)


def _write_package(order: Order, shipment_id: str, package_reference: str) -> str:
    """Open a locked order's shipment, or give the one that is open its package; return the package's reference."""
    shipment = Shipment.objects.filter(order=order).first()
    if shipment is None:
        Shipment.objects.create(shipment_id=shipment_id, order=order, package_reference=package_reference)
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
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.DISPATCHED)
        sent = Shipment.objects.filter(order=order, status=Shipment.Status.DISPATCHED).first()
    if sent is not None and is_at_or_past(Status(order.status), Status.DISPATCHED):
        return contracts.CarrierDispatched(shipment_id, sent.carrier, sent.tracking_number)
    tracking_number = clean_line(carrier.book(shipment_id, order.address_postcode), LONGEST_REFERENCE)
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


def _lock_for_shipping(order_id: str, goal: Status) -> Order:
    """Return the locked order, which may go to `goal` next or has been there.

    Raises ShippingRefused for one that is being cancelled, OrderNotFound, OrderClosed, IllegalTransition.
    """
    order = lock_open_order(order_id)
    if order.status == Status.CANCELLING:
        raise ShippingRefused("The order is being cancelled.")
    if not is_at_or_past(Status(order.status), goal):
        check_transition(Status(order.status), goal)
    return order


def adopt_shipment(order_id: str) -> None:
    """Record a parcel that the carrier has and the tables lack, as after a restore from an older copy."""
    shipment_id = contracts.shipping_workflow_id(order_id)
    if Shipment.objects.filter(shipment_id=shipment_id).exists():
        return
    booking = carrier.find_booking(shipment_id)
    if booking is None or booking.is_recalled:
        return
    with transaction.atomic():
        order = lock_open_order(order_id)
        Shipment.objects.get_or_create(
            shipment_id=shipment_id,
            defaults={"order": order, "carrier": carrier.name, "tracking_number": booking.tracking_number},
        )
        facts = {"carrier": carrier.name, "tracking_number": booking.tracking_number}
        add_event(order, EventKind.PARCEL_FOUND, facts, key=f"adopted:{shipment_id}")
