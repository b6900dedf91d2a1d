"""The label of a booked parcel, asked of its carrier each time it is wanted: the tables keep no copy."""

from django.utils.translation import gettext as _

from orders.errors import LabelMissing
from orders.lifecycle.lookup import LINES, read_lines, read_order_and_ask
from orders.models import Shipment
from orders.shipping.partners.interface import Label, Labelling
from orders.shipping.partners.registry import find_carrier, makes_labels
from orders.shipping.ship import SHIPMENT, describe_parcel, read_shipment
from orders.texts import clean_line, clean_message
from orders.translation import in_english


def has_label(shipment: Shipment | None) -> bool:
    """Tell whether there is a label to ask for: a parcel that is booked, with a carrier that makes labels."""
    return shipment is not None and _is_booked(shipment) and makes_labels(shipment.carrier)


def read_label(order_id: str) -> Label:
    """Return the label of the order's parcel. It calls the carrier, so no transaction may be open.

    Raises OrderNotFound, LabelMissing, OutsideWorldFailed when the carrier cannot give it now.
    """
    order, (rows, row) = read_order_and_ask(order_id, LINES, SHIPMENT)
    shipment = read_shipment(row)
    if shipment is None or not _is_booked(shipment):
        sentence = _("There is no label: no carrier has booked a parcel of order %(order_id)s.")
        raise LabelMissing(sentence % {"order_id": order_id})
    carrier = find_carrier(shipment.carrier)
    if not isinstance(carrier, Labelling):
        sentence = _("There is no label: %(carrier)s makes none for the console.")
        raise LabelMissing(sentence % {"carrier": carrier.name})
    with in_english():  # a parcel says the same, whoever prints its label
        label = carrier.read_label(describe_parcel(order, read_lines(order, rows)))
    return clean_message(label, clean_line)


def _is_booked(shipment: Shipment) -> bool:
    return bool(shipment.tracking_number) and shipment.status != Shipment.Status.RECALLED
