"""Compares every order, open or not, with the books of the gateway and the carrier and with Temporal's open runs.

Both ways: what the books or Temporal know and the console does not is found as well.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from orders.contracts import shipping_workflow_id
from orders.engine import runs
from orders.errors import OutsideWorldFailed, TemporalAway
from orders.models import Order, OutboxMessage, Payment, Refund, Shipment
from orders.money import Money
from orders.payments.gateways.interface import BookEntry
from orders.payments.gateways.registry import list_gateways
from orders.postgres.clock import database_now
from orders.reading.querysets import SEARCH_COLUMNS
from orders.shipping.partners.registry import list_carriers
from orders.states import FINAL, HAPPY_PATH, Status

# While an order is at one of these, its charge, or its parcel, may or may not have come about.
CHARGE_IS_OPEN: Final = frozenset({Status.CHARGING_PAYMENT, Status.CANCELLING})
PARCEL_IS_OPEN: Final = frozenset({Status.PACKAGE_PREPARED, Status.CANCELLING})
# Temporal's list may not know yet what changed a moment ago.
SETTLED_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Discrepancy:
    """An order about which the console and somebody else's books disagree; `status` is empty for an unknown order."""

    order_id: str
    status: str
    sentence: str


@dataclass(frozen=True)
class Audit:
    """What was compared and what was found.

    `nothing_to_charge` is the number of orders that cost nothing and took their way without the gateway. `charges` and
    `refunds` are numbers of movements in the gateway's books, `parcels` of bookings in the carrier's,
    `runs` of open runs in Temporal, or None where it did not answer.
    """

    orders: int
    nothing_to_charge: int
    charges: int
    refunds: int
    parcels: int
    runs: int | None
    discrepancies: tuple[Discrepancy, ...]


@dataclass(frozen=True)
class _Movements:
    """What the gateways' books say of one order, in minor units, and which gateways have something to say."""

    charges: int = 0
    charged: int = 0
    refunded: int = 0
    gateways: frozenset[str] = frozenset()


@dataclass
class _Books:
    """All that gateways and carriers say; `bookings` tells of each shipment whether the parcel is out."""

    entries: dict[str, _Movements] = field(default_factory=dict)
    bookings: dict[str, bool] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    charges: int = 0
    refunds: int = 0
    parcels: int = 0

    def add_entry(self, gateway: str, entry: BookEntry) -> None:
        """Add what a gateway says of an order to what others say of it."""
        known = self.entries.get(entry.order_id, _Movements())
        self.entries[entry.order_id] = _Movements(
            known.charges + entry.charges,
            known.charged + entry.charged,
            known.refunded + entry.refunded,
            known.gateways | {gateway},
        )
        self.charges += entry.charges
        self.refunds += entry.refunds


def audit_orders() -> Audit:
    """Compare all orders with the books. Reads every order once; meant for the terminal, not for a page.

    The books are read first, from whoever keeps them. What changes while they are read is compared the next time.
    """
    began = database_now()
    open_runs = _list_runs()
    books, found = _read_books()
    found += _compare_books(books, began)
    if open_runs is not None:
        found += _compare_runs(open_runs)
    return Audit(
        orders=Order.objects.count(),
        nothing_to_charge=Payment.objects.filter(status=Payment.Status.NOTHING_DUE).count(),
        charges=books.charges,
        refunds=books.refunds,
        parcels=books.parcels,
        runs=None if open_runs is None else len(open_runs),
        discrepancies=tuple(found),
    )


def _list_runs() -> dict[str, runs.OpenRun] | None:
    try:
        return runs.list_open_runs()
    except TemporalAway:
        return None


def _read_books() -> tuple[_Books, list[Discrepancy]]:
    """Read the books of all gateways and carriers; what cannot be read is one of the discrepancies."""
    books, found = _Books(), []
    for name, gateway in list_gateways().items():
        try:
            for entry in gateway.read_books():
                books.add_entry(name, entry)
        except OutsideWorldFailed as error:
            found.append(Discrepancy("", "", f"The books of the gateway {name} could not be read: {error}"))
            books.unread.add(name)
    for name, carrier in list_carriers().items():
        try:
            books.bookings |= {booking.shipment_id: not booking.is_recalled for booking in carrier.read_books()}
        except OutsideWorldFailed as error:
            found.append(Discrepancy("", "", f"The books of the carrier {name} could not be read: {error}"))
            books.unread.add(name)
    books.parcels = len(books.bookings)
    return books, found


def _compare_books(books: _Books, began: datetime) -> Iterator[Discrepancy]:
    is_given_back = Q(payment__refunds__status=Refund.Status.SUCCEEDED)
    is_under_way = Q(payment__refunds__status=Refund.Status.PENDING)
    orders = (
        Order.objects.select_related("payment", "shipment")
        .defer(*SEARCH_COLUMNS)
        .annotate(
            given_back=Coalesce(Sum("payment__refunds__amount", filter=is_given_back), 0),
            under_way=Coalesce(Sum("payment__refunds__amount", filter=is_under_way), 0),
        )
    )
    for order in orders.order_by("pk").iterator(chunk_size=1000):
        status = Status(order.status)
        moved = books.entries.pop(order.order_id, _Movements())
        is_out = books.bookings.pop(shipping_workflow_id(order.order_id), False)
        if order.updated_at >= began:
            continue
        sentences = [_judge_money(order, status, moved, books.unread), _judge_parcel(order, is_out, books.unread)]
        for sentence in filter(None, sentences):
            yield Discrepancy(order.order_id, order.status, sentence)
    for order_id in books.entries:
        yield Discrepancy(order_id, "", "The gateway has an order that the console does not.")
    for shipment_id, is_out in books.bookings.items():
        if is_out:
            order_id = shipment_id.removeprefix(shipping_workflow_id(""))
            yield Discrepancy(order_id, "", "The carrier has a parcel for an order that the console does not have.")


def _judge_money(order: Order, status: Status, moved: _Movements, unread: Collection[str]) -> str:
    """Say what is wrong with the order's money, or nothing; nobody can say where the books were not read."""
    payment: Payment | None = getattr(order, "payment", None)
    if payment is not None and payment.gateway in unread:
        return ""
    kept = Money(moved.charged - moved.refunded, order.currency)
    name = order.get_status_display().lower()
    if moved.charges > 1:
        return f"The customer was charged {moved.charges} times."
    if kept.minor < 0:
        return f"The gateway refunded {Money(-kept.minor, order.currency).plain} more than it charged."
    if status == Status.CANCELLED and kept.minor:
        return f"The order is cancelled, but the gateway kept {kept.plain}."
    if status in CHARGE_IS_OPEN or status == Status.CANCELLED:
        return _judge_payment(order, moved)
    is_due = status in HAPPY_PATH[HAPPY_PATH.index(Status.PAID) :]
    if is_due and moved.charged != order.total:
        return f"The order of {order.total_money.plain} is {name}, but the gateway kept {kept.plain}."
    if not is_due and moved.charges:
        return f"The order is {name}, but the gateway charged {Money(moved.charged, order.currency).plain}."
    return _judge_payment(order, moved)


def _judge_payment(order: Order, moved: _Movements) -> str:
    """Say where the order's payment is not what the gateway says, or nothing."""
    payment: Payment | None = getattr(order, "payment", None)
    if payment is None:
        return "" if not moved.charges else "The gateway charged a payment that the console does not have."
    if payment.gateway and payment.gateway not in list_gateways():
        return f"The payment uses the gateway {payment.gateway}, which is not configured here."
    if moved.gateways - {payment.gateway}:
        return f"The payment uses the gateway {payment.gateway}, but another one has charged it."
    if payment.status == Payment.Status.CHARGED and moved.charged != payment.amount:
        return f"The payment of {payment.amount_money.plain} is charged here, but not in the gateway's ledger."
    given_back: int = order.given_back  # type: ignore[attr-defined]
    under_way: int = order.under_way  # type: ignore[attr-defined]
    if not given_back <= moved.refunded <= given_back + under_way and order.status != Status.CANCELLING:
        said, known = Money(moved.refunded, order.currency), Money(given_back, order.currency)
        return f"The gateway refunded {said.plain}, but the console has refunds of {known.plain}."
    if payment.status == Payment.Status.REFUNDED and moved.charged != moved.refunded:
        return f"The payment of {payment.amount_money.plain} is refunded here, but not in the gateway's ledger."
    return ""


def _judge_parcel(order: Order, is_out: bool, unread: Collection[str]) -> str:
    """Say what is wrong with the order's parcel, or nothing; `is_out` when the carrier has it and is to keep it."""
    shipment: Shipment | None = getattr(order, "shipment", None)
    if shipment is not None and shipment.carrier in unread:
        return ""
    status = Status(order.status)
    name = status.lower().replace("_", " ")
    if status in PARCEL_IS_OPEN:
        return ""
    is_due = status in {Status.DISPATCHED, Status.COMPLETED}
    if is_due and not is_out:
        return f"The order is {name}, but the carrier has no parcel for it, or has recalled it."
    if is_out and not is_due:
        return f"The order is {name}, but the carrier has its parcel."
    return ""


def _compare_runs(open_runs: dict[str, runs.OpenRun]) -> Iterator[Discrepancy]:
    settled = database_now() - SETTLED_AFTER
    unsent = OutboxMessage.objects.filter(name="start", status=OutboxMessage.Status.PENDING).values("order")
    for order in Order.objects.exclude(status__in=FINAL).exclude(pk__in=unsent).filter(updated_at__lt=settled):
        if order.order_id not in open_runs:
            yield Discrepancy(order.order_id, order.status, "The order is open, but no workflow is running for it.")
    known = dict(Order.objects.filter(order_id__in=open_runs.keys()).values_list("order_id", "status"))
    closed = Order.objects.filter(order_id__in=open_runs.keys(), status__in=FINAL, updated_at__lt=settled)
    for order_id in closed.values_list("order_id", flat=True):
        yield Discrepancy(order_id, known[order_id], "The order is closed, but a workflow is still running for it.")
    for order_id in open_runs.keys() - known.keys():
        yield Discrepancy(order_id, "", "A workflow is running for an order that the console does not have.")
