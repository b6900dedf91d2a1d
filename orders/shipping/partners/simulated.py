"""A simulated warehouse, and a simulated carrier with its own books."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid, OutsideWorldFailed, ShippingRefused
from orders.identifiers import new_identifier
from orders.models import CarrierBooking
from orders.order_facts import Line
from orders.shipping.partners.interface import Booking, Label, Parcel
from orders.shipping.partners.zpl import write_label
from orders.simulated.fault_injection import SOLD_OUT_PREFIX, UNREACHABLE_POSTCODE, call_outside_world

# The update changes nothing: without it, RETURNING would say nothing of a booking that is there already.
BOOK_ONCE: Final = """
INSERT INTO simulated_carrier_booking (shipment_id, tracking_number) VALUES (%s, %s)
ON CONFLICT (shipment_id) DO UPDATE SET shipment_id = excluded.shipment_id
RETURNING *
"""


class SimulatedWarehouse:
    """A warehouse that has everything but articles whose SKU begins with SOLDOUT."""

    name: Final = "Simulated Warehouse"

    def check_stock(self, lines: Sequence[Line]) -> None:
        """Raise OrderInvalid for the first article that is sold out."""

        def look() -> None:
            for line in lines:
                if line.sku.upper().startswith(SOLD_OUT_PREFIX):
                    raise OrderInvalid(_("%(sku)s is sold out.") % {"sku": line.sku})

        call_outside_world("warehouse", look)

    def pack(self, parcel: Parcel) -> str:
        """Return the same reference for the same shipment, however often it is asked."""
        number = parcel.shipment_id.removeprefix("shipping-order-")
        return call_outside_world("warehouse", lambda: f"package-{number}")


class SimulatedCarrier:
    """A carrier that keeps its own bookings and goes everywhere but to postcode 00000."""

    name: Final = "Simulated Parcel"

    def find_booking(self, shipment_id: str) -> Booking | None:
        """Return the booking, or None. Lookups never fail: the failure rates are for calls that have an effect."""
        booking = CarrierBooking.objects.filter(shipment_id=shipment_id).first()
        return self._read(booking) if booking else None

    def book(self, parcel: Parcel) -> str:
        """Take the parcel once and return its tracking number. Raises ShippingRefused."""
        return call_outside_world("carrier", lambda: self._book(parcel))

    def recall(self, shipment_id: str) -> None:
        """Recall the parcel, or refuse it in advance."""
        call_outside_world("carrier", lambda: self._recall(shipment_id))

    def tracking_url(self, tracking_number: str) -> str:
        """Return what a carrier's page would be at; there is none behind it."""
        return f"https://simulated-parcel.example/{quote(tracking_number, safe='')}"

    def read_label(self, parcel: Parcel) -> Label:
        """Return the label of a parcel that is in the books, for a label printer."""
        return call_outside_world("carrier", lambda: self._read_label(parcel))

    def read_books(self) -> Iterator[Booking]:
        """Return all bookings."""
        return map(self._read, CarrierBooking.objects.order_by().iterator())

    @staticmethod
    def _read(booking: CarrierBooking) -> Booking:
        return Booking(booking.shipment_id, booking.tracking_number, booking.recalled_at is not None)

    @staticmethod
    def _new_booking(shipment_id: str) -> CarrierBooking:
        """Return the one booking of a shipment, new or not, by one statement: repeats and races get the first one."""
        tracking_number = new_identifier("SP").replace("-", "")
        return CarrierBooking.objects.raw(BOOK_ONCE, [shipment_id, tracking_number])[0]

    def _book(self, parcel: Parcel) -> str:
        postcode = parcel.address.postal_code
        if postcode.strip() == UNREACHABLE_POSTCODE:
            raise ShippingRefused(_("The carrier does not deliver to postcode %(postcode)s.") % {"postcode": postcode})
        booking = self._new_booking(parcel.shipment_id)
        if booking.recalled_at is not None:
            raise ShippingRefused(_("The parcel was recalled."))
        return booking.tracking_number

    def _read_label(self, parcel: Parcel) -> Label:
        booking = self.find_booking(parcel.shipment_id)
        if booking is None or booking.is_recalled:
            raise OutsideWorldFailed(_("The carrier has no such parcel in its books."))
        content = write_label(parcel, booking.tracking_number, carrier=self.name)
        return Label("application/x-zpl", content.encode(), f"label-{booking.tracking_number}.zpl")

    def _recall(self, shipment_id: str) -> None:
        with transaction.atomic():
            self._new_booking(shipment_id)
            CarrierBooking.objects.filter(shipment_id=shipment_id, recalled_at=None).update(recalled_at=Now())
