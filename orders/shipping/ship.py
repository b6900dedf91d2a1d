"""Packs an order and hands it to the carrier.

Each function is one call of an activity and safe to repeat. It checks the order before it calls the service, so that
nothing is done to one that is final or has moved on, and again under the row's lock after it. The first look is a plain
read: no row is locked during the call, so a lock would have to be given back before it and would keep nothing out.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders import contracts
from orders.errors import OutsideWorldFailed, ShippingRefused
from orders.events import EventKind
from orders.lifecycle.history import add_event
from orders.lifecycle.lookup import (
    LINES,
    Question,
    build_row,
    check_is_open,
    lock_open_order,
    lock_order_and_ask,
    read_lines,
    read_order_and_ask,
)
from orders.lifecycle.statuses import advance
from orders.models import Order, OrderLine, Shipment
from orders.postgres.parts import Part, insert, update
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

SHIPMENT: Final = Question(
    "(SELECT to_jsonb(shipment) FROM orders_shipment AS shipment WHERE shipment.order_id = orders_order.id)"
)
# What `read_shipment` returns of a shipment, in the order of its columns.
READ: Final = ("shipment_id", "order_id", "status", "package_reference", "carrier", "tracking_number")
NOT_DISPATCHED: Final = (Shipment.Status.PREPARED, Shipment.Status.RECALLED)


def prepare_package(command: contracts.PreparePackage) -> contracts.PackagePrepared:
    """Have the warehouse pack the parcel, and open the order's shipment.

    Raises ShippingRefused, OutsideWorldFailed, OrderNotFound, OrderClosed, IllegalTransition.
    """
    shipment_id = contracts.shipping_workflow_id(command.order_id)
    order, packed, lines = _read_parcel(command.order_id)
    _check_may_ship(order, Status.PACKAGE_PREPARED)
    if packed is not None and is_at_or_past(Status(order.status), Status.PACKAGE_PREPARED):
        return contracts.PackagePrepared(shipment_id, packed.package_reference)
    told = describe_parcel(order, lines)
    package_reference = clean_line(find_warehouse().pack(told), LONGEST_REFERENCE)
    with transaction.atomic():
        order, (shipment,) = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED, SHIPMENT)
        if order.shipping_address != told.address:  # the next attempt tells the warehouse
            raise OutsideWorldFailed(_("The address was corrected while the package was prepared."))
        package_reference, parts = _write_package(order, read_shipment(shipment), package_reference)
        advance(
            order,
            Status.PACKAGE_PREPARED,
            {"package_reference": package_reference},
            found_by=package_reference if parts else "",
            parts=parts,
        )
    return contracts.PackagePrepared(shipment_id, package_reference)


def _write_package(order: Order, shipment: Shipment | None, package_reference: str) -> tuple[str, list[Part]]:
    """Return the package's reference, and what opens a locked order's shipment or gives the open one its package."""
    shipment_id = contracts.shipping_workflow_id(order.order_id)
    if shipment is None:
        # Before the parcel is handed over, so that a carrier whose answer was lost is asked again, and no other.
        carrier = carrier_of_new_shipments().name
        opened = Shipment(shipment_id=shipment_id, order=order, carrier=carrier, package_reference=package_reference)
        return package_reference, [insert(opened)]
    if not shipment.package_reference:
        return package_reference, [update(Shipment, {"package_reference": package_reference}, shipment_id=shipment_id)]
    return shipment.package_reference, []


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
    tracking_number = clean_line(carrier.book(describe_parcel(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order, _ = _lock_for_shipping(command.order_id, Status.DISPATCHED)
        facts = {"carrier": carrier.name, "tracking_number": tracking_number}
        handed_over = {**facts, "status": Shipment.Status.DISPATCHED, "dispatched_at": Now()}
        parcel = update(Shipment, handed_over, shipment_id=shipment_id, status=NOT_DISPATCHED)
        advance(order, Status.DISPATCHED, facts, found_by=tracking_number, parts=[parcel])
    return contracts.CarrierDispatched(shipment_id, carrier.name, tracking_number)


def _read_parcel(order_id: str) -> tuple[Order, Shipment | None, list[OrderLine]]:
    """Return an open order, its shipment if it has one, and its lines, by one statement and unlocked.

    Raises OrderNotFound, OrderClosed.
    """
    order, (rows, shipment) = read_order_and_ask(order_id, LINES, SHIPMENT)
    check_is_open(order)
    return order, read_shipment(shipment), read_lines(order, rows)


def read_shipment(row: str | None) -> Shipment | None:
    """Return the shipment from the answer to the question for SHIPMENT, without its times; None when there is none."""
    return build_row(Shipment, READ, row)


def describe_parcel(order: Order, lines: list[OrderLine]) -> Parcel:
    """Return what warehouse and carrier are told of an order."""
    shipment_id = contracts.shipping_workflow_id(order.order_id)
    facts = tuple(line.facts for line in lines)
    return Parcel(shipment_id, order.order_id, order.customer, order.shipping_address, facts)


def _lock_for_shipping(order_id: str, goal: Status, *questions: Question) -> tuple[Order, Sequence[Any]]:
    """Return the locked order, and answers. Raises OrderNotFound, OrderClosed, and what `_check_may_ship` raises."""
    order, answers = lock_order_and_ask(order_id, *questions)
    check_is_open(order)
    _check_may_ship(order, goal)
    return order, answers


def _check_may_ship(order: Order, goal: Status) -> None:
    """Refuse an order that may not go to `goal` next and has not been there.

    Raises ShippingRefused for one that is being cancelled, IllegalTransition.
    """
    if order.status == Status.CANCELLING:
        raise ShippingRefused(_("The order is being cancelled."))
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
