"""Packs an order and hands it to the carrier.

Each function is one call of an activity and safe to repeat. It checks the row under its lock before it calls the
service, so that nothing is done to an order that is final or has moved on, and again after it; no row is locked in
between.
"""

from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from orders import contracts
from orders.errors import ShippingRefused
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import lock_open_order
from orders.lifecycle.statuses import advance
from orders.models import Order, OrderLine, Shipment
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

# What is read of an order's lines, with its shipment beside each.
PARCEL_COLUMNS: Final = (
    *("sku", "description", "quantity", "unit_price", "order__currency"),
    *(f"order__shipment__{name}" for name in ("status", "package_reference", "carrier", "tracking_number")),
)


def prepare_package(command: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the parcel, and open the order's shipment.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED)
        packed, lines = _read_parcel(order)
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
    with transaction.atomic():
        order = _lock_for_shipping(command.order_id, Status.DISPATCHED)
        sent, lines = _read_parcel(order)
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


def _read_parcel(order: Order) -> tuple[Shipment | None, list[OrderLine]]:
    """Return a locked order's shipment, if it has one, and its lines, by one statement."""
    lines = list(order.lines.select_related("order__shipment").only(*PARCEL_COLUMNS))
    shipment: Shipment | None = getattr(lines[0].order, "shipment", None) if lines else None
    return shipment, lines


def _describe(order: Order, lines: list[OrderLine]) -> Parcel:
    """Return what warehouse and carrier are told of an order."""
    shipment_id = contracts.shipping_workflow_id(order.order_id)
    facts = tuple(line.facts for line in lines)
    return Parcel(shipment_id, order.order_id, order.customer, order.shipping_address, facts)


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
