"""Reads of many orders for a page: never OFFSET, never a count of the whole table."""

from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery

from orders import states
from orders.identifiers import is_order_id
from orders.pages import Ordering
from orders.search import prefix_query

NEWEST: Final = Ordering("newest", time_field="created_at", is_descending=True)
# Only orders that wait for a person are sure to have a deadline, and only they are in its index.
NEXT_TO_EXPIRE: Final = Ordering("expiring", time_field="approval_deadline", is_descending=False)

# PostgreSQL refuses a word of more than 2046 bytes in a search; no e-mail address is longer than 254 signs.
LONGEST_SEARCH: Final = 254


def search_condition(text: str) -> Q | None:
    """Return the condition of `OrderQuerySet.matching`, or None when `text` holds no word."""
    query = prefix_query(text[:LONGEST_SEARCH])
    return Q(search_document__matches=query) if query else None


class OrderQuerySet(models.QuerySet[Any]):
    """The questions that pages ask of orders."""

    def awaiting_decision(self) -> "OrderQuerySet":
        """Return the orders that wait for a person; one that is decided does not, even before its workflow knows."""
        return self.filter(status=states.Status.PENDING_MANUAL_APPROVAL, decision="")

    def in_motion(self) -> "OrderQuerySet":
        """Return the open orders that wait for no person."""
        is_decided = Q(status=states.Status.PENDING_MANUAL_APPROVAL) & ~Q(decision="")
        return self.filter(Q(status__in=sorted(states.IN_MOTION)) | is_decided)

    def in_trouble(self) -> "OrderQuerySet":
        """Return the open orders that something keeps from moving, or that need a person to look at them."""
        return self.filter(status__in=sorted(states.OPEN)).filter(self._has_trouble())

    def with_trouble(self) -> "OrderQuerySet":
        """Add `is_in_trouble`."""
        found: OrderQuerySet = self.annotate(is_in_trouble=self._has_trouble())
        return found

    def _has_trouble(self) -> Exists:
        return Exists(self.model._default_manager.filter(pk=OuterRef("pk"), troubles__isnull=False))

    def completed(self) -> "OrderQuerySet":
        """Return the orders that were carried out."""
        return self.filter(status=states.Status.COMPLETED)

    def cancelled(self) -> "OrderQuerySet":
        """Return the orders that ended without being carried out."""
        return self.filter(status=states.Status.CANCELLED)

    def matching(self, text: str) -> "OrderQuerySet":
        """Return the orders in whose id, customer name or e-mail each word of `text` begins a word."""
        condition = search_condition(text)
        return self.filter(condition) if condition else self

    def find_order_id(self, text: str) -> str:
        """Return the order_id that was typed in full, in whatever case and with or without `order-`, or ''."""
        typed = text if text.lower().startswith("order-") else f"order-{text}"
        spellings = [typed, f"order-{typed[6:]}", f"order-{typed[6:].upper()}"]
        ids = [spelling for spelling in spellings if is_order_id(spelling)]
        return (self.filter(order_id__in=ids).values_list("order_id", flat=True).first() or "") if ids else ""

    def with_message_on_its_way(self) -> "OrderQuerySet":
        """Add `has_message_on_its_way`: whether a submission or decision has yet to reach Temporal."""
        pending = self.model._default_manager.filter(pk=OuterRef("pk"), outbox_messages__status="PENDING")
        found: OrderQuerySet = self.annotate(has_message_on_its_way=Exists(pending))
        return found

    def with_own_approval(self) -> "OrderQuerySet":
        """Add `own_approval_reason`: why whoever submitted the order approved it as well; None when nobody did."""
        own = self.model._default_manager.filter(
            pk=OuterRef("pk"), decisions__is_own_order=True, decisions__decision_id=OuterRef("decision_id")
        )
        found: OrderQuerySet = self.annotate(own_approval_reason=Subquery(own.values("decisions__reason")[:1]))
        return found

    def newest_pk(self) -> int:
        """Return the primary key of the order that was submitted last, or 0."""
        return self.order_by("-pk").values_list("pk", flat=True).first() or 0

    def count_up_to(self, limit: int) -> int:
        """Return the number of orders, or `limit` when there are as many or more; reads no more rows than that."""
        return self.order_by()[:limit].count()

    def next_to_decide(self, *, after: Any, username: str, account_id: int | None = None) -> Any:
        """Return the order that this person did not submit and that expires next after the order `after`.

        Beyond the last one it begins again at the first; None when no other order waits.
        """
        others = self.exclude(submitter_account_id=account_id) if account_id is not None else self
        waiting = others.awaiting_decision().exclude(submitted_by__iexact=username).exclude(pk=after.pk)
        waiting = waiting.filter(decision="").order_by(*NEXT_TO_EXPIRE.order_by())
        deadline = after.approval_deadline
        beyond = Q(approval_deadline__gt=deadline) | Q(approval_deadline=deadline, pk__gt=after.pk)
        return (waiting.filter(beyond).first() if deadline else None) or waiting.first()
