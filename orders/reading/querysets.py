"""Reads of many orders for a page: never OFFSET, never a count of the whole table."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final

from django.db import models
from django.db.models import Case, CharField, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from orders import states
from orders.postgres.clock import StatementTime
from orders.reading.pages import Ordering, Search
from orders.reading.search import find_ids, read_search
from orders.reading.standing import Hold, IsWithinPolicy

if TYPE_CHECKING:
    from orders.models import Order

NEWEST: Final = Ordering("newest", field="created_at", is_descending=True)
# Only orders that wait for a person are sure to have a deadline, and only they are in its index.
NEXT_TO_EXPIRE: Final = Ordering("expiring", field="approval_deadline", is_descending=False)
# What only the search reads. Those of an order of a thousand lines are long.
SEARCH_COLUMNS: Final = ("search_lines", "search_codes", "search_document")
# What a list shows of an order.
LIST_COLUMNS: Final = (
    *("order_id", "customer_name", "customer_email", "status", "decision", "currency", "total"),
    *("created_at", "approval_deadline", "approvals_needed", "approvals_given", "version"),
)


def read_order_search(text: str) -> Search | None:
    """Return what a person typed as a search of orders, or None when it holds nothing to search for."""
    query = read_search(text)
    if query is None:
        return None
    by_row = Q(search_document__matches_row=query.whole)
    by_index = Q(search_document__matches=query.cut)
    return Search(by_row, by_index if query.cut == query.whole else by_index & by_row)


class OrderQuerySet(models.QuerySet["Order"]):
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
        return self.filter(status__in=sorted(states.OPEN)).filter(self._has("troubles"))

    def with_trouble(self) -> "OrderQuerySet":
        """Add `is_in_trouble`."""
        found: OrderQuerySet = self.annotate(is_in_trouble=self._has("troubles"))
        return found

    def _has(self, name: str, **which: Any) -> Exists:
        """Return the question whether an order has rows in the table behind `name`."""
        related: Any = self.model._meta.get_field(name).related_model
        return Exists(related._default_manager.filter(order=OuterRef("pk"), **which))

    def with_read_at(self) -> "OrderQuerySet":
        """Add `read_at`: the time at which they are read, by the database's clock."""
        found: OrderQuerySet = self.annotate(read_at=StatementTime())
        return found

    def as_rows(self, *more: str) -> "OrderQuerySet":
        """Return them with what a list shows of each, and `newest_pk`: the order that was submitted last of all.

        `more` are columns that only some lists show.
        """
        newest = self.model._default_manager.order_by("-pk").values("pk")[:1]
        found: OrderQuerySet = self.with_message_on_its_way().with_trouble().with_read_at()
        found = found.annotate(newest_pk=Subquery(newest))
        return found.only(*LIST_COLUMNS, *more)

    def as_page(self) -> "OrderQuerySet":
        """Return them with what the page of one shows, and whether what it seldom shows has to be asked for."""
        found: OrderQuerySet = self.with_own_approval().with_trouble().with_read_at()
        found = found.annotate(has_message_left=self._has("outbox_messages", status__in=("PENDING", "REFUSED")))
        return found.select_related("payment", "shipment")

    def completed(self) -> "OrderQuerySet":
        """Return the orders that were carried out."""
        return self.filter(status=states.Status.COMPLETED)

    def cancelled(self) -> "OrderQuerySet":
        """Return the orders that ended without being carried out."""
        return self.filter(status=states.Status.CANCELLED)

    def matching(self, text: str) -> "OrderQuerySet":
        """Return the orders in which each word of `text` begins a word, or that have an identifier like it.

        All of them when `text` holds nothing to search for.
        """
        search = read_order_search(text)
        return self.filter(search.by_index) if search else self

    def find_order_id(self, text: str) -> str:
        """Return the order_id that a text names in full, however it is typed or pasted; '' where that is not sure."""
        candidates = find_ids(text)
        if not candidates:
            return ""
        named = reduce(or_, (Q(search_document__names=candidate) for candidate in candidates))
        order_ids = list(self.filter(named).values_list("order_id", flat=True)[:2])
        if text.strip() in order_ids:
            return text.strip()
        return str(order_ids[0]) if len(order_ids) == 1 else ""

    def with_message_on_its_way(self) -> "OrderQuerySet":
        """Add `has_message_on_its_way`: whether a submission or decision has yet to reach Temporal."""
        found: OrderQuerySet = self.annotate(has_message_on_its_way=self._has("outbox_messages", status="PENDING"))
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

    def next_to_decide(self, *, besides: "Order", username: str, account_id: int | None = None) -> "Order | None":
        """Return the order that expires next of all that wait for this person, besides the one they look at.

        Their own orders wait for others, and those whose time is over for nobody. None when there is no other.
        """
        return self.to_decide_next(besides=besides.pk, username=username, account_id=account_id).first()

    def to_decide_next(self, *, besides: int, username: str, account_id: int | None) -> "OrderQuerySet":
        """Return the first of the orders that `next_to_decide` tells of, as a queryset; `besides` is a primary key."""
        waiting = self.waiting_for(username=username, account_id=account_id).exclude(pk=besides)
        return waiting.order_by(*NEXT_TO_EXPIRE.order_by())[:1]

    def waiting_for(self, *, username: str, account_id: int | None) -> "OrderQuerySet":
        """Return the orders that wait for this person: none of their own, none that they approved, none too late.

        And by the policy, none above their limit or for a group that they are not in.
        """
        others = self.exclude(submitter_account_id=account_id) if account_id is not None else self
        waiting = others.awaiting_decision().exclude(submitted_by__iexact=username)
        waiting = waiting.filter(approval_deadline__gt=Now())
        if account_id is not None:
            waiting = waiting.exclude(self._approved_by(account_id)).filter(IsWithinPolicy(account_id))
        return waiting

    def _approved_by(self, account_id: int) -> Q:
        approved = self._has("decisions", kind=states.DecisionKind.APPROVE.value, actor_account_id=account_id)
        return Q(approvals_given__gt=0) & Q(approved)

    def with_hold(self, *, username: str, account_id: int) -> "OrderQuerySet":
        """Add `hold`: why orders that wait for a person do not wait for this one; empty for those that do."""
        is_own = Q(submitter_account_id=account_id) | Q(submitted_by__iexact=username)
        found: OrderQuerySet = self.annotate(
            hold=Case(
                When(is_own, then=Value(Hold.OWN.value)),
                When(self._approved_by(account_id), then=Value(Hold.APPROVED.value)),
                When(approval_deadline__lte=Now(), then=Value(Hold.LATE.value)),
                When(IsWithinPolicy(account_id), then=Value("")),
                default=Value(Hold.POLICY.value),
                output_field=CharField(),
            )
        )
        return found


_OrderManager = models.Manager.from_queryset(OrderQuerySet)


class OrderManager(_OrderManager["Order"]):
    """Leaves the columns alone that only the search reads."""

    def get_queryset(self) -> OrderQuerySet:
        """Return all orders, without what they are found by."""
        return OrderQuerySet(self.model, using=self._db).defer(*SEARCH_COLUMNS)
