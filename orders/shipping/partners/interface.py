"""What orders need of a warehouse and of a carrier. Every call raises OutsideWorldFailed when its outcome is unknown.

Calls may be made again with the same ids. Timeouts are the adapter's own, and shorter than the five seconds of an
activity's attempt.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from orders.order_facts import Address, Customer, Line, weigh


@dataclass(frozen=True)
class Parcel:
    """What is packed and sent: the same `shipment_id` is packed and handed over once."""

    shipment_id: str
    order_id: str
    recipient: Customer
    address: Address
    lines: tuple[Line, ...]

    @property
    def weight_grams(self) -> int | None:
        """What the goods weigh, without their packing; None unless the weight of every line is known."""
        return weigh(self.lines)


@dataclass(frozen=True)
class Booking:
    """A parcel in the carrier's own books."""

    shipment_id: str
    tracking_number: str
    is_recalled: bool


@dataclass(frozen=True)
class Label:
    """What is stuck on a parcel, as a file for whoever prints it."""

    media_type: str
    content: bytes
    file_name: str


class Warehouse(Protocol):
    """What orders need of a warehouse."""

    @property
    def name(self) -> str:
        """The warehouse's name."""

    def check_stock(self, lines: Sequence[Line]) -> None:
        """Raise OrderInvalid when one of the articles cannot be had in its quantity."""

    def pack(self, parcel: Parcel) -> str:
        """Pack the parcel once, and return the package's reference.

        Asked again with another address, because it was corrected, the parcel goes there.
        """


class Carrier(Protocol):
    """What orders need of a carrier."""

    @property
    def name(self) -> str:
        """The carrier's name, as it is written on shipments."""

    def find_booking(self, shipment_id: str) -> Booking | None:
        """Return the carrier's booking of the parcel, or None."""

    def book(self, parcel: Parcel) -> str:
        """Hand the parcel over once, and return its tracking number. Raises ShippingRefused."""

    def recall(self, shipment_id: str) -> None:
        """Recall the parcel; if it was not handed over yet, make sure that it cannot be later."""

    def read_books(self) -> Iterable[Booking]:
        """Return all that the carrier's own books hold."""


@runtime_checkable
class Tracking(Protocol):
    """What a carrier may have besides: a page that tells where a parcel is."""

    def tracking_url(self, tracking_number: str) -> str:
        """Return the address of the parcel's page, with https; empty where there is none."""


@runtime_checkable
class Labelling(Protocol):
    """What a carrier may have besides: labels of the parcels that it has booked."""

    def read_label(self, parcel: Parcel) -> Label:
        """Return the parcel's label, the same however often it is asked for. Nothing is booked or changed by it."""
