"""The warehouse and the carriers that the settings name."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext as _

from orders.errors import OutsideWorldFailed
from orders.plugins import load_plugins
from orders.shipping.partners.interface import Carrier, Labelling, Tracking, Warehouse
from orders.texts import clean_line


class CarrierMissing(OutsideWorldFailed):
    """The shipment's carrier is not configured here; no call was made."""

    def __init__(self, name: str) -> None:
        sentence = _("The shipment uses the carrier %(carrier)s, which is not configured here.")
        super().__init__(sentence % {"carrier": clean_line(name)})


def find_warehouse() -> Warehouse:
    """Return the warehouse. Raises ImproperlyConfigured."""
    warehouse: Warehouse = next(iter(load_plugins("WAREHOUSE", (settings.WAREHOUSE,)).values()))
    return warehouse


def list_carriers() -> Mapping[str, Carrier]:
    """Return the carriers by name, that of new shipments first. Raises ImproperlyConfigured."""
    return load_plugins("CARRIERS", tuple(settings.CARRIERS))


def carrier_of_new_shipments() -> Carrier:
    """Return the carrier of shipments that are opened from now on; those that exist stay with their own."""
    return next(iter(list_carriers().values()))


def find_carrier(name: str) -> Carrier:
    """Return the carrier of this name; of shipments from before they named one, that of new ones.

    Raises CarrierMissing, so that no other one takes the parcel.
    """
    if not name:
        return carrier_of_new_shipments()
    carriers = list_carriers()
    if name not in carriers:
        raise CarrierMissing(name)
    return carriers[name]


def find_tracking_url(name: str, tracking_number: str) -> str:
    """Return the address of the carrier's page of a parcel; empty where it has none, or is not configured any more.

    Whatever the carrier says, a page gets no other link than one with https.
    """
    carrier = list_carriers().get(name)
    if not tracking_number or not isinstance(carrier, Tracking):
        return ""
    url = carrier.tracking_url(tracking_number)
    return url if url.startswith("https://") else ""


def makes_labels(name: str) -> bool:
    """Tell whether the carrier makes labels; one that is not configured any more makes none."""
    return isinstance(list_carriers().get(name), Labelling)
