"""What the page of one order shows, read once: panels are made of it and ask nothing themselves."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import gettext as _

from console.order.approvals import ApprovalFacts, read_approval_facts
from console.system.engine import describe_engine
from orders import permissions, states
from orders.decisions.reasons import Offered, fill_in, offered_beside, read_offered
from orders.engine.live_status import LiveStatus
from orders.models import (
    Order,
    OrderEvent,
    OrderLine,
    OrderTag,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    Shipment,
    Trouble,
)
from orders.overview.customers import CustomerFacts, read_customer
from orders.policy.approvers import has_limits
from orders.reading.prepared import NUMBER, OTHER_NUMBER, TEXT, PreparedQuery
from orders.reading.querysets import OrderQuerySet
from orders.states import DecisionKind, ReasonKind

# An order that an outside world in trouble held up for days may have thousands.
MOST_EVENTS: Final = 200
MOST_ATTEMPTS: Final = 20


NEXT_COLUMNS: Final = ("order_id", "customer_name", "total", "currency", "approval_deadline")
# What the page reads, each put together once.
_ORDER: Final = PreparedQuery(lambda: _with_refunds(Order.objects.as_page()).filter(order_id=TEXT))
_LINES: Final = PreparedQuery(lambda: OrderLine.objects.filter(order_id=NUMBER))
_EVENTS: Final = PreparedQuery(lambda: OrderEvent.objects.filter(order_id=NUMBER).order_by("-id")[:MOST_EVENTS])
_ATTEMPTS: Final = PreparedQuery(lambda: PaymentAttempt.objects.filter(payment_id=TEXT).order_by("-id")[:MOST_ATTEMPTS])
_REFUNDS: Final = PreparedQuery(
    lambda: Refund.objects.filter(payment_id=TEXT).select_related("follow_up").order_by("-id")
)
_NEXT_ORDER: Final = PreparedQuery(
    lambda: Order.objects.to_decide_next(besides=NUMBER, username=TEXT, account_id=OTHER_NUMBER).only(*NEXT_COLUMNS)
)


def _with_refunds(orders: OrderQuerySet) -> OrderQuerySet:
    """Add whether there are refunds, and any on their way; its tags; and the reasons to cancel that may be chosen."""
    refunds = Refund.objects.filter(payment_id=OuterRef("payment_id"))
    found: OrderQuerySet = orders.annotate(
        has_limits=has_limits(),
        tag_names=ArraySubquery(OrderTag.objects.filter(order=OuterRef("pk")).order_by("name").values("name")),
        cancel_reasons=offered_beside(ReasonKind.CANCEL),
        has_refunds=Exists(refunds),
        has_refund_pending=Exists(refunds.filter(status=Refund.Status.PENDING)),
    )
    return found


class NoSuchOrder(Http404):
    """There is no such order; the message is for people."""

    def __init__(self, order_id: str) -> None:
        super().__init__(_("There is no order %(order_id)s.") % {"order_id": order_id})


@dataclass(frozen=True)
class StatusFacts:
    """Where the order is: its row, what its workflow says, and what stands in its way.

    `live` is None when the workflow was not asked. `unsent` are the messages that have not reached the workflow,
    `reached` the kinds of events of an order that left the usual path, and `engine` what the page says of the engine.
    `is_followed` says whether anything on the page may still change without a person, `present` who else looks at it.
    """

    order: Order
    live: LiveStatus | None
    troubles: tuple[Trouble, ...]
    unsent: tuple[OutboxMessage, ...]
    reached: frozenset[str]
    engine: str
    now: datetime
    is_followed: bool
    present: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageFacts:
    """All that the page shows. `lines` and `customer` are None where only the panels are shown again.

    `own_reason` is why whoever submitted the order approved it as well, None when nobody did.
    """

    status: StatusFacts
    payment: Payment | None
    attempts: tuple[PaymentAttempt, ...]
    shipment: Shipment | None
    events: tuple[OrderEvent, ...]
    own_reason: str | None
    next_order: Order | None
    lines: tuple[OrderLine, ...] | None
    customer: CustomerFacts | None
    approvals: ApprovalFacts
    refunds: tuple[Refund, ...]

    @property
    def order(self) -> Order:
        """The order."""
        return self.status.order

    def with_live(self, live: LiveStatus | None) -> "PageFacts":
        """Return the same with what the workflow says."""
        return replace(self, status=replace(self.status, live=live))


def find_order(order_id: str) -> Order:
    """Return the order with its payment, its shipment and the reason of an own approval. Raises NoSuchOrder."""
    for order in _ORDER.read({TEXT: order_id}):
        return order
    raise NoSuchOrder(order_id)


def read_cancel_reasons(order: Order) -> tuple[Offered, ...]:
    """Return what the list of reasons offers for an order of `find_order`, with what its customer would be told."""
    reasons = read_offered(vars(order)["cancel_reasons"])
    return tuple(reason._replace(customer_text=fill_in(reason.customer_text, order)) for reason in reasons)


def read_status_facts(order: Order, live: LiveStatus | None, *, present: tuple[str, ...] = ()) -> StatusFacts:
    """Read what the status panel shows. The order of `find_order` tells what of it there is to ask for, and when."""
    known = vars(order)
    is_usual = order.status in states.HAPPY_PATH
    return StatusFacts(
        order=order,
        live=live,
        troubles=tuple(order.troubles.all()) if order.is_open and known["is_in_trouble"] else (),
        unsent=_read_unsent(order) if known["has_message_left"] else (),
        reached=frozenset() if is_usual else frozenset(order.events.values_list("kind", flat=True)),
        engine=describe_engine(),
        now=known["read_at"],
        is_followed=order.is_open or known["has_refund_pending"],
        present=present,
    )


def _read_unsent(order: Order) -> tuple[OutboxMessage, ...]:
    """Return the messages that have not reached the workflow; what was refused no longer matters at the end."""
    left = [OutboxMessage.Status.PENDING, *([OutboxMessage.Status.REFUSED] if order.is_open else [])]
    messages = order.outbox_messages.filter(status__in=left)
    return tuple(messages.only("order", "name", "payload", "status", "last_error"))


def read_page_facts(
    order: Order,
    user: User,
    *,
    live: LiveStatus | None,
    is_whole: bool,
    finds_next: bool = True,
    present: tuple[str, ...] = (),
) -> PageFacts:
    """Read what the page shows to `user`; lines and customer only when it `is_whole`."""
    payment: Payment | None = getattr(order, "payment", None)
    has_next = finds_next and permissions.may_decide(user, DecisionKind.APPROVE)
    next_order = _find_next(order, user) if has_next else None
    lines = read_lines(order) if is_whole else None
    return PageFacts(
        status=read_status_facts(order, live, present=present),
        payment=payment,
        attempts=tuple(_ATTEMPTS.read({TEXT: payment.pk})) if payment else (),
        shipment=getattr(order, "shipment", None),
        events=tuple(_EVENTS.read({NUMBER: order.pk})),
        own_reason=getattr(order, "own_approval_reason", None),
        next_order=next_order,
        lines=lines,
        customer=None if lines is None else read_customer(order, lines),
        approvals=read_approval_facts(order, user),
        refunds=tuple(_REFUNDS.read({TEXT: payment.pk})) if payment and vars(order)["has_refunds"] else (),
    )


def read_lines(order: Order) -> tuple[OrderLine, ...]:
    """Return the order's lines, which know the currency of their prices."""
    lines = _LINES.read({NUMBER: order.pk})
    for line in lines:
        line.order = order
    return tuple(lines)


def _find_next(order: Order, user: User) -> Order | None:
    """Return what the user may decide next."""
    found = _NEXT_ORDER.read({NUMBER: order.pk, TEXT: user.get_username(), OTHER_NUMBER: user.pk})
    return found[0] if found else None
