"""The timeline of an order: day by day, with how long it waited, and the technical history apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final

from django.utils.translation import gettext as _

from console.labels import describe_span
from orders.events import EventKind
from orders.models import OrderEvent

# What an engineer wants to know of an order and a clerk does not.
TECHNICAL: Final = frozenset(
    {
        EventKind.RUN_STARTED,
        EventKind.RUN_REPLACED,
        EventKind.RUN_REFUSED,
        EventKind.STEP_FAILED,
        EventKind.CHARGE_FOUND,
        EventKind.PARCEL_FOUND,
    }
)
SHORTEST_GAP: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Entry:
    """One event in words; `gap` tells how long the order had waited before it, where that was long."""

    title: str
    detail: str
    status: str
    who: str
    at: datetime
    gap: str = ""


@dataclass(frozen=True)
class Day:
    """What happened on one day in UTC, newest first."""

    day: date
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Timeline:
    """The days, newest first, and the technical history."""

    days: tuple[Day, ...]
    technical: tuple[Entry, ...]


def build_timeline(events: Sequence[OrderEvent]) -> Timeline:
    """Return the timeline of events that are given newest first."""
    told = [event for event in events if event.kind not in TECHNICAL]
    entries = [_describe(event, before) for event, before in zip(told, [*told[1:], None], strict=True)]
    days = groupby(entries, key=lambda entry: entry.at.astimezone(UTC).date())
    return Timeline(
        days=tuple(Day(day, tuple(found)) for day, found in days),
        technical=tuple(_describe(event, None) for event in events if event.kind in TECHNICAL),
    )


def _describe(event: OrderEvent, before: OrderEvent | None) -> Entry:
    title = event.title
    return Entry(
        title="" if title == event.status_label else title,
        detail=event.detail,
        status=event.status,
        who=event.who if event.actor else "",
        at=event.at,
        gap=_describe_gap(event, before) if before is not None else "",
    )


def _describe_gap(event: OrderEvent, before: OrderEvent) -> str:
    span = event.at - before.at
    if span < SHORTEST_GAP:
        return ""
    words = {"span": describe_span(span)}
    if before.kind == EventKind.AWAITING_APPROVAL:
        return _("waited %(span)s for a decision") % words
    return _("%(span)s later") % words
