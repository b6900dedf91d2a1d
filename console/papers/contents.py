"""What stands on the papers of orders: order sheets, packing slips, and one pick list of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from console.labels import describe_status
from console.papers.kinds import STOPPED, Kind
from orders.intake.addresses import WRITTEN, write_address
from orders.models import Order, OrderLine
from orders.order_facts import weigh
from orders.states import Status


@dataclass(frozen=True)
class Sheet:
    """One order on paper."""

    order: Order
    lines: Sequence[OrderLine]
    address: tuple[str, ...]
    status: str
    payment: str
    tracking: str

    @property
    def pieces(self) -> int:
        """How many pieces the parcel holds."""
        return sum(line.quantity for line in self.lines)

    @property
    def weight_grams(self) -> int | None:
        """What the goods weigh; None unless the weight of every line is known."""
        return weigh(line.facts for line in self.lines)


@dataclass
class Pick:
    """One article of a pick list: how many pieces in all, and for which orders."""

    sku: str
    description: str
    quantity: int = 0
    orders: dict[str, int] = field(default_factory=dict)


def choose_orders(kind: Kind, orders: Sequence[Order]) -> tuple[list[Order], int]:
    """Return the orders that belong on the paper, and the number of those that do not, because they are cancelled."""
    kept = [order for order in orders if not (kind.ships and order.status in STOPPED)]
    return kept, len(orders) - len(kept)


def describe_papers(kind: Kind, orders: Sequence[Order]) -> dict[str, Any]:
    """Return what the paper's template shows; the orders were read with their lines."""
    return {"sheets": [_describe(order) for order in orders]} | (
        {"picks": _collect(orders)} if kind.name == "pick-list" else {}
    )


def _describe(order: Order) -> Sheet:
    payment, shipment = getattr(order, "payment", None), getattr(order, "shipment", None)
    return Sheet(
        order=order,
        lines=list(order.lines.all()),
        address=tuple(write_address(order.address_country, {name: getattr(order, name) for name in WRITTEN})),
        status=describe_status(Status(order.status), order.decision)[2],
        payment=str(payment.get_status_display()) if payment else "",
        tracking=" ".join(filter(None, (shipment.carrier, shipment.tracking_number))) if shipment else "",
    )


def _collect(orders: Sequence[Order]) -> list[Pick]:
    """Return each article once, by its SKU."""
    picks: dict[tuple[str, str], Pick] = {}
    for order in orders:
        for line in order.lines.all():
            pick = picks.setdefault((line.sku, line.description), Pick(line.sku, line.description))
            pick.quantity += line.quantity
            pick.orders[order.order_id] = pick.orders.get(order.order_id, 0) + line.quantity
    return [picks[key] for key in sorted(picks)]
