"""The timeline of an order: day by day, with how long it waited, and the technical history apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Final

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from console.comments.faces import COMMENTS, CommentFace, gather_comments
from orders.events import EventKind
from orders.labels.spans import describe_span
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
    """One event in words; `gap` tells how long the order had waited before it, where that was long.

    A scar is where contact with a worker was lost.
    """

    title: str
    detail: str
    status: str
    who: str
    at: datetime
    gap: str = ""
    comment: CommentFace | None = None
    is_scar: bool = False


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


def build_timeline(events: Sequence[OrderEvent], reader: User | None = None) -> Timeline:
    """Return the timeline of events that are given newest first, for somebody who may edit their own comments."""
    comments = gather_comments(events, reader)
    told = [event for event in events if event.kind not in TECHNICAL]
    pairs = zip(told, [*told[1:], None], strict=True)
    entries = [
        _describe(event, before, comments.get(event.pk))
        for event, before in pairs
        if event.kind not in COMMENTS or event.pk in comments
    ]
    days = groupby(entries, key=lambda entry: entry.at.astimezone(UTC).date())
    return Timeline(
        days=tuple(Day(day, tuple(found)) for day, found in days),
        technical=tuple(_describe(event, None) for event in events if event.kind in TECHNICAL),
    )


def _describe(event: OrderEvent, before: OrderEvent | None, comment: CommentFace | None = None) -> Entry:
    title = event.title
    return Entry(
        title="" if title == event.status_label else title,
        detail=event.detail,
        status=event.status,
        who=event.who if event.actor else "",
        at=event.at,
        gap=_describe_gap(event, before) if before is not None else "",
        comment=comment,
        is_scar=event.kind == EventKind.STEP_LOST,
    )


def _describe_gap(event: OrderEvent, before: OrderEvent) -> str:
    span = event.at - before.at
    if span < SHORTEST_GAP:
        return ""
    words = {"span": describe_span(span)}
    if before.kind == EventKind.AWAITING_APPROVAL:
        return _("waited %(span)s for a decision") % words
    return _("%(span)s later") % words
