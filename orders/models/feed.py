"""The order in which programs outside are told of events."""

from django.db import models

from orders.models.history import OrderEvent


class FeedEntry(models.Model):
    """The place of an event in the feed, given after the event was committed: see orders.feed.positions."""

    position = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(OrderEvent, on_delete=models.PROTECT, related_name="feed_entry")

    class Meta:
        verbose_name_plural = "feed entries"

    def __str__(self) -> str:
        return f"{self.position}"


class FeedMark(models.Model):
    """The one row that says up to which event id every event is sure to have its place, or was never committed."""

    event_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.event_id}"
