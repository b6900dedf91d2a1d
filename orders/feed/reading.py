"""Reads events in the order of the feed."""

from collections.abc import Iterable

from django.db.models import Max

from orders.models import FeedEntry


def read_feed(*, after: int, limit: int) -> list[FeedEntry]:
    """Return the entries after a position, with their events and the ids of their orders."""
    entries = FeedEntry.objects.filter(position__gt=after).select_related("event__order").order_by("position")
    event = (f"event__{name}" for name in ("key", "kind", "data", "actor", "at"))
    return list(entries.only("position", *event, "event__order__order_id", "event__order__shop")[:limit])


def last_position() -> int:
    """Return the position of the newest event that has one, or 0."""
    return FeedEntry.objects.order_by("-position").values_list("position", flat=True).first() or 0


def read_kinds(kinds: Iterable[str], *, after: int, limit: int) -> tuple[list[FeedEntry], int]:
    """Return the entries of these kinds among the next `limit` after a position, and the position of the last of all.

    `after` itself is returned as the position where nothing has happened since.
    """
    window = FeedEntry.objects.filter(position__gt=after).order_by("position")[:limit]
    upto = window.aggregate(upto=Max("position"))["upto"]
    if upto is None:
        return [], after
    entries = FeedEntry.objects.filter(position__gt=after, position__lte=upto, event__kind__in=list(kinds))
    return list(entries.select_related("event").order_by("position")), upto
