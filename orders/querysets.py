"""Reads of many orders for a page: never OFFSET, never a count of the whole table."""

from django.db import models

from orders import states
from orders.search import prefix_query


class OrderQuerySet(models.QuerySet):  # type: ignore[type-arg]
    """The questions that pages ask of orders."""

    def awaiting_decision(self) -> "OrderQuerySet":
        """Return the orders that wait for a person."""
        return self.filter(status=states.Status.PENDING_MANUAL_APPROVAL)

    def matching(self, text: str) -> "OrderQuerySet":
        """Return the orders in whose id, customer name or e-mail each word of `text` begins a word."""
        query = prefix_query(text)
        return self.filter(search_document__matches=query) if query else self
