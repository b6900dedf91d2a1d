"""Where one order stands among those that wait for a person: for whoever looks at them one by one."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from django.db.models import Q, Subquery

from orders.models import Order
from orders.overview.waiting import MINE, MOST_LOOKED_AT, choose_mine
from orders.reading.counts import Prepared, prepare
from orders.reading.prepared import OTHER_NUMBER, OTHER_TEXT, TEXT
from orders.reading.querysets import NEXT_TO_EXPIRE

AHEAD: Final = "ahead"


class Step(StrEnum):
    """Which order is asked for, beside one that is known, wherever that has gone since."""

    FIRST = "first"
    AT = "order"
    AFTER = "after"
    BEFORE = "before"


@dataclass(frozen=True)
class Place:
    """An order that waits for the person, how many go before it, and how many wait in all.

    `order_id` is empty where none is left in that direction. No more than MOST_LOOKED_AT orders are counted.
    """

    order_id: str
    ahead: int
    total: int


def read_place(step: Step, beside: str, *, username: str, account_id: int) -> Place:
    """Return the next order in the direction of `step`, seen from the order `beside`; one statement.

    AT is the order itself while it waits, and the next one afterwards.
    """
    values = {TEXT: username, OTHER_NUMBER: account_id, OTHER_TEXT: beside}
    counts, found = _prepare(step).read(values)
    ahead = counts.get(AHEAD, 0)
    if step is Step.BEFORE and found:
        ahead -= 1  # the one that was found goes before the known one itself
    return Place(order_id=found[0][0] if found else "", ahead=ahead, total=counts[MINE])


@lru_cache(len(Step))
def _prepare(step: Step) -> Prepared:
    mine, known = choose_mine(), Order.objects.filter(order_id=OTHER_TEXT).order_by()
    at, key = Subquery(known.values("approval_deadline")[:1]), Subquery(known.values("pk")[:1])
    # The first part of each is what the index is searched by.
    up_to, earlier = (
        Q(approval_deadline__lte=at) & (Q(approval_deadline__lt=at) | Q(**{f"pk__{way}": key})) for way in ("lte", "lt")
    )
    onward, later = (
        Q(approval_deadline__gte=at) & (Q(approval_deadline__gt=at) | Q(**{f"pk__{way}": key})) for way in ("gte", "gt")
    )
    found, ahead = {
        Step.FIRST: (Q(), None),
        Step.AT: (onward, earlier),
        Step.AFTER: (later, up_to),
        Step.BEFORE: (earlier, earlier),
    }[step]
    counted = {MINE: mine.order_by()[:MOST_LOOKED_AT]}
    if ahead is not None:
        counted[AHEAD] = mine.filter(ahead).order_by()[:MOST_LOOKED_AT]
    rows = mine.filter(found).order_by(*NEXT_TO_EXPIRE.order_by(is_reversed=step is Step.BEFORE))
    return prepare(counted, rows.values_list("order_id")[:1])
