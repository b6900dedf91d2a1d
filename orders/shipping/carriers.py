"""Warehouse and carrier: the small interfaces that shipping needs, and simulated ones with their own ledgers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from django.db import transaction
from django.db.models.functions import Now

from orders.errors import OrderInvalid, ShippingRefused
from orders.identifiers import new_identifier
from orders.models import CarrierBooking
from orders.simulated.fault_injection import SOLD_OUT_PREFIX, UNREACHABLE_POSTCODE, call_outside_world


class Warehouse(Protocol):
    """What orders need of a warehouse. Every call raises OutsideWorldFailed when its outcome is unknown."""

    def check_stock(self, skus: Iterable[str]) -> None:
        """Raise OrderInvalid when one of the articles cannot be had."""

    def pack(self, shipment_id: str) -> str:
        """Pack the parcel once, and return the package's reference."""


@dataclass(frozen=True)
class Booking:
    """A parcel in the carrier's own ledger."""

    tracking_number: str
    is_recalled: bool


class Carrier(Protocol):
    """What orders need of a carrier. Every call raises OutsideWorldFailed when its outcome is unknown."""

    @property
    def name(self) -> str:
        """The carrier's name, as it is written on shipments."""

    def find_booking(self, shipment_id: str) -> Booking | None:
        """Return the carrier's booking of the parcel, or None."""

    def book(self, shipment_id: str, postcode: str) -> str:
        """Hand the parcel over once, and return its tracking number. Raises ShippingRefused."""

    def recall(self, shipment_id: str) -> None:
        """Recall the parcel; if it was not handed over yet, make sure that it cannot be later."""


class SimulatedWarehouse:
    """A warehouse that has everything but articles whose SKU begins with SOLDOUT."""

    def check_stock(self, skus: Iterable[str]) -> None:
        """Raise OrderInvalid for the first article that is sold out."""
        wanted = list(skus)

        def look() -> None:
            for sku in wanted:
                if sku.upper().startswith(SOLD_OUT_PREFIX):
                    raise OrderInvalid(f"{sku} is sold out.")

        call_outside_world("warehouse", look)

    def pack(self, shipment_id: str) -> str:
        """Return the same reference for the same shipment, however often it is asked."""
        return call_outside_world("warehouse", lambda: f"package-{shipment_id.removeprefix('shipping-order-')}")


class SimulatedCarrier:
    """A carrier that keeps its own bookings and goes everywhere but to postcode 00000."""

    name: Final = "Simulated Parcel"

    def find_booking(self, shipment_id: str) -> Booking | None:
        """Return the booking, or None. Lookups never fail: the failure rates are for calls that have an effect."""
        booking = CarrierBooking.objects.filter(shipment_id=shipment_id).first()
        return Booking(booking.tracking_number, booking.recalled_at is not None) if booking else None

    def book(self, shipment_id: str, postcode: str) -> str:
        """Take the parcel once and return its tracking number. Raises ShippingRefused."""
        return call_outside_world("carrier", lambda: self._book(shipment_id, postcode))

    def recall(self, shipment_id: str) -> None:
        """Recall the parcel, or refuse it in advance."""
        call_outside_world("carrier", lambda: self._recall(shipment_id))

    @staticmethod
    def _new_booking(shipment_id: str) -> CarrierBooking:
        booking, _ = CarrierBooking.objects.get_or_create(
            shipment_id=shipment_id, defaults={"tracking_number": new_identifier("SP").replace("-", "")}
        )
        return booking

    def _book(self, shipment_id: str, postcode: str) -> str:
        if postcode.strip() == UNREACHABLE_POSTCODE:
            raise ShippingRefused(f"The carrier does not deliver to postcode {postcode}.")
        booking = self._new_booking(shipment_id)
        if booking.recalled_at is not None:
            raise ShippingRefused("The parcel was recalled.")
        return booking.tracking_number

    def _recall(self, shipment_id: str) -> None:
        with transaction.atomic():
            self._new_booking(shipment_id)
            CarrierBooking.objects.filter(shipment_id=shipment_id, recalled_at=None).update(recalled_at=Now())


warehouse: Final[Warehouse] = SimulatedWarehouse()
carrier: Final[Carrier] = SimulatedCarrier()
