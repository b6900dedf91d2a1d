"""After a fault: waits until everything has come to rest, and asks whether all that people were told has come true."""

import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Count

from orders.contracts import shipping_workflow_id
from orders.engine import temporal
from orders.errors import OrderError
from orders.models import CarrierBooking, GatewayMovement, Order, OutboxMessage
from orders.proof.divergences import find_divergences
from orders.proof.verify import verify_orders
from orders.states import FINAL
from tests.faults.gateway_program import Account, find_wrong_accounts, read_accounts
from tests.faults.people import Story
from tests.waiting import wait_until

LOOK_EVERY_SECONDS: Final = 0.25
RECONNECT_SECONDS: Final = 30.0
NOTHING: Final = Account()


@dataclass(frozen=True)
class Verdict:
    """What became of the orders of one fault."""

    orders: int = 0
    charges: int = 0
    refunds: int = 0
    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Tell whether nothing was lost, doubled or stuck, and every rule holds."""
        return not (self.lost or self.doubled or self.stuck or self.complaints)


def judge(
    stories: Sequence[Story],
    *,
    healed_at: float,
    seconds: float,
    gone: Set[str] = frozenset(),
    log: Path | None = None,
) -> Verdict:
    """Wait until the stories have come to rest, and say what became of them.

    They are waited for as long as another one comes to rest within `seconds`; the others are stuck then. Orders that
    are `gone` with an older copy stay named as such by `verify` and `reconcile`. Where the gateway is a program of its
    own, its `log` says what was charged.
    """
    stuck = _settle(stories, seconds)
    settled_after = time.monotonic() - healed_at
    told = [story for story in stories if story.order_id]
    rows = dict(Order.objects.filter(order_id__in=[story.order_id for story in told]).values_list("order_id", "status"))
    movements = GatewayMovement.objects.filter(merchant_reference__in=rows)
    accounts = read_accounts(log) if log else {}
    return Verdict(
        orders=len(told),
        charges=movements.filter(kind="CHARGE").count() + sum(each.charges for each in accounts.values()),
        refunds=movements.filter(kind="REFUND").count() + sum(each.refunds for each in accounts.values()),
        lost=tuple(_find_lost(stories, rows, stuck)),
        doubled=(*_find_doubled(told), *(order_id for order_id, each in accounts.items() if each.charges > 1)),
        stuck=tuple(stuck),
        complaints=(*_find_complaints(gone), *(_find_wrong_money(accounts, told) if log else ())),
        seconds=settled_after,
    )


def _settle(stories: Sequence[Story], seconds: float) -> list[str]:
    """Wait until every order is where it has to be and nothing waits to be sent; return the orders that are not.

    A slow machine may take long for many orders: the wait ends when none has come to rest for `seconds`.
    """
    fewest, end = len(stories), time.monotonic() + seconds
    while True:
        try:
            waiting = find_unsettled(stories)
        except (DatabaseError, InterfaceError):
            connection.close()
            waiting = [story.order_id for story in stories if story.order_id]
        if len(waiting) < fewest:
            fewest, end = len(waiting), time.monotonic() + seconds
        if not waiting or time.monotonic() > end:
            return waiting
        time.sleep(LOOK_EVERY_SECONDS)


def find_unsettled(stories: Sequence[Story]) -> list[str]:
    """Return the orders that are not where they have to be, or of which something waits to be sent."""
    expected = {story.order_id: story.expected for story in stories if story.order_id}
    rows = dict(Order.objects.filter(order_id__in=expected).values_list("order_id", "status"))
    # One that came to another end will not go on from there; that is judged as lost.
    moving = {order_id for order_id, status in rows.items() if status != expected[order_id] and status not in FINAL}
    unsent = OutboxMessage.objects.filter(order__order_id__in=expected, status=OutboxMessage.Status.PENDING)
    return sorted(moving | set(unsent.values_list("order__order_id", flat=True)))


def _find_lost(stories: Sequence[Story], rows: dict[str, str], stuck: Sequence[str]) -> list[str]:
    """Return what was acknowledged and did not come true, and what people gave up on."""
    lost = [f"{story.order_id or story.key}: {story.failure}" for story in stories if story.failure]
    for story in stories:
        if story.order_id and story.order_id not in stuck and rows.get(story.order_id) != story.expected:
            is_now = rows.get(story.order_id, "gone")
            lost.append(f"{story.order_id}: {', '.join(story.taken) or 'no decision'}, and it is {is_now}")
    return lost


def _find_doubled(stories: Sequence[Story]) -> list[str]:
    ids = [story.order_id for story in stories]
    charges = GatewayMovement.objects.filter(kind="CHARGE", merchant_reference__in=ids).values("merchant_reference")
    parcels = CarrierBooking.objects.filter(shipment_id__in=map(shipping_workflow_id, ids)).values("shipment_id")
    return [
        *(row["merchant_reference"] for row in charges.annotate(count=Count("pk")).filter(count__gt=1)),
        *(row["shipment_id"] for row in parcels.annotate(count=Count("pk")).filter(count__gt=1)),
        *(order_id for order_id in set(ids) if ids.count(order_id) > 1),
    ]


def _find_wrong_money(accounts: Mapping[str, Account], told: Sequence[Story]) -> list[str]:
    """Return where the gateway's own log disagrees with what became of the orders."""
    orders = Order.objects.filter(order_id__in=[story.order_id for story in told])
    rows = {order_id: (status, total) for order_id, status, total in orders.values_list("order_id", "status", "total")}
    taken = [story for story in told if "approve" not in story.taken and accounts.get(story.order_id, NOTHING).charges]
    return [
        *find_wrong_accounts(accounts, rows),
        *(f"{story.order_id} was charged, and nobody approved it" for story in taken),
    ]


def _find_complaints(gone: Set[str]) -> list[str]:
    """Return what `verify` and `reconcile` say about all orders, also those of faults before."""
    broken = verify_orders(settled_after=timedelta(0)).broken
    complaints = [f"{each.sentence} ({', '.join(each.ids[:3])})" for each in broken if not set(each.ids) <= gone]
    # This process too has met the outage, and its own client takes a moment to connect again.
    wait_until(_is_temporal_back, seconds=RECONNECT_SECONDS, what="this process's own way to Temporal")
    try:
        found = [each for each in find_divergences() if each.order_id not in gone]
        return complaints + [f"{each.order_id}: {each.sentence}" for each in found]
    except OrderError as error:
        return [*complaints, f"Temporal: {error}"]


def _is_temporal_back() -> bool:
    try:
        temporal.check_server()
    except OrderError:
        return False
    return True
