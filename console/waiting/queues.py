"""The counts over the desk: what waits for the person, what waits for others and why, and what else is open."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.desk.tabs import describe_count
from orders.listing.filters import ME, OTHERS
from orders.overview.waiting import MOST_LOOKED_AT, count_holds
from orders.reading.standing import Hold

HOLD_LABELS: Final[Mapping[Hold, Promise]] = {
    Hold.OWN: gettext_lazy("submitted by you"),
    Hold.APPROVED: gettext_lazy("approved by you already"),
    Hold.POLICY: gettext_lazy("above your limit or for another group"),
    Hold.LATE: gettext_lazy("past the deadline"),
}


@dataclass(frozen=True)
class Queue:
    """A number of orders in words, with a link to them."""

    label: str
    count: str
    url: str


@dataclass(frozen=True)
class Queues:
    """`held` says why orders wait for others, in words; `troubles` is empty where no order is in trouble.

    `trouble_count` is the number that `troubles` begins with, for the form of the words beside it.
    """

    mine: Queue
    mine_count: int
    others: Queue
    held: tuple[str, ...]
    in_progress: Queue
    troubles: str
    trouble_count: int

    @classmethod
    def of(cls, user: User, counts: Mapping[str, int]) -> "Queues":
        """Return the queues of an approver; one statement. `counts` are those of the tabs."""
        holds = count_holds(username=user.get_username(), account_id=user.pk)
        is_cut = holds.total() == MOST_LOOKED_AT
        mine = holds.pop("", 0)
        return cls(
            mine=Queue(_("Waiting for you"), _write(mine, is_cut=is_cut), _link(status="awaiting", waits_for=ME)),
            mine_count=mine,
            others=Queue(
                _("Waiting for others"),
                _write(holds.total(), is_cut=is_cut),
                _link(status="awaiting", waits_for=OTHERS),
            ),
            held=_describe(holds),
            in_progress=Queue(_("In progress"), describe_count(counts.get("in-motion")), _link(status="in-motion")),
            troubles=describe_count(counts.get("trouble") or None),
            trouble_count=counts.get("trouble", 0),
        )


def _describe(holds: Counter[str]) -> tuple[str, ...]:
    return tuple(f"{holds[hold]} {label}" for hold, label in HOLD_LABELS.items() if holds[hold])


def _write(count: int, *, is_cut: bool) -> str:
    return f"{count}+" if is_cut else str(count)


def _link(**query: str) -> str:
    return f"{reverse('order-list')}?{urlencode(query)}"
