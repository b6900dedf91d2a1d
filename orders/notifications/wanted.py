"""What somebody is to be told: from the events of orders, and from what the tables say without one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, F, OuterRef

from orders.decisions.batches import count_results
from orders.events import EventKind
from orders.models import Batch, FeedEntry, Notice, Order, OrderEvent, WebhookEndpoint
from orders.notifications.people import People, Person
from orders.states import BatchResult, BatchState, NoticeKind, TroubleCode

# A deadline is near when this is left.
SOON: Final = timedelta(hours=1)
# What ended longer ago is not told any more.
LOOK_BACK: Final = timedelta(days=1)
# A change that was committed late is found by looking at this much again.
OVERLAP: Final = timedelta(minutes=1)
MOST_ORDERS: Final = 500
LONGEST_QUOTE: Final = 300
REFUND_EVENTS: Final = frozenset({EventKind.REFUND_REFUSED, EventKind.REFUND_UNRESOLVED})
# The kinds of events of which people are told.
COMMENTS: Final = frozenset({EventKind.COMMENTED, EventKind.COMMENT_EDITED})
KINDS: Final = frozenset(
    {
        *(EventKind.AWAITING_APPROVAL, EventKind.REMINDED, EventKind.ESCALATED, EventKind.TROUBLE_BEGAN),
        *COMMENTS,
        *REFUND_EVENTS,
    }
)


@dataclass(frozen=True)
class Wanted:
    """One notice for one person; a person is told once of a kind from one `source`."""

    person: Person
    kind: NoticeKind
    source: str
    order_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


def list_from_events(entries: Sequence[FeedEntry], people: People) -> list[Wanted]:
    """Return what people are to be told of these events."""
    events = [entry.event for entry in entries]
    wanted = _list_awaiting([event for event in events if event.kind == EventKind.AWAITING_APPROVAL], people)
    reminded = {event.order_id: _source_of(event) for event in events if event.kind == EventKind.REMINDED}
    wanted += _list_for_approvers(NoticeKind.NEEDS_APPROVAL, reminded, people, {"is_reminder": True})
    for event in events:
        if event.kind in COMMENTS:
            wanted += _list_mentions(event, people)
        elif event.kind == EventKind.ESCALATED:
            wanted += _list_escalated(event, people)
        elif is_failed_refund(event):
            wanted += _list_failed_refund(event, people)
    return wanted


def is_failed_refund(event: OrderEvent) -> bool:
    """Tell whether an event says that a refund needs a person."""
    is_trouble = event.kind == EventKind.TROUBLE_BEGAN and event.data.get("code") == TroubleCode.REFUND_UNRESOLVED
    return is_trouble or event.kind in REFUND_EVENTS


def _source_of(event: OrderEvent) -> str:
    return f"event-{event.pk}"


def _list_awaiting(events: Sequence[OrderEvent], people: People) -> list[Wanted]:
    sources = {event.order_id: _source_of(event) for event in events}
    return _list_for_approvers(NoticeKind.NEEDS_APPROVAL, sources, people)


def _list_for_approvers(
    kind: NoticeKind, sources: Mapping[int, str], people: People, data: Mapping[str, Any] | None = None
) -> list[Wanted]:
    """Return who is to be told of orders, by the policy; nothing is asked for orders that are decided by now."""
    orders = Order.objects.filter(pk__in=list(sources))
    if not sources or not orders.awaiting_decision().exists():
        return []
    wanted = []
    for each in people.approvers:
        if each.wants(kind):
            theirs = orders.waiting_for(username=each.username, account_id=each.account_id)
            found = theirs.values_list("pk", flat=True).order_by("pk")
            wanted += [Wanted(each, kind, sources[pk], pk, data or {}) for pk in found]
    return wanted


def _list_escalated(event: OrderEvent, people: People) -> list[Wanted]:
    """Return the members of the group that an order is escalated to, or everybody who may approve it."""
    group = str(event.data.get("group", ""))
    sources = {event.order_id: _source_of(event)}
    if not group:
        return _list_for_approvers(NoticeKind.ESCALATED, sources, people)
    if not Order.objects.filter(pk=event.order_id).awaiting_decision().exists():
        return []
    members = people.find_members(group)
    return [Wanted(each, NoticeKind.ESCALATED, _source_of(event), event.order_id) for each in members]


def _list_failed_refund(event: OrderEvent, people: People) -> list[Wanted]:
    facts = {name: event.data[name] for name in ("amount", "currency", "error", "code") if name in event.data}
    if event.kind == EventKind.TROUBLE_BEGAN:
        facts = {"error": event.data.get("detail", "")}
    source = _source_of(event)
    return [Wanted(each, NoticeKind.REFUND_FAILED, source, event.order_id, facts) for each in people.refunders]


def _list_mentions(event: OrderEvent, people: People) -> list[Wanted]:
    mentions = event.data.get("mentions")
    account_ids = [pk for pk in mentions if isinstance(pk, int)] if isinstance(mentions, list) else []
    facts = {"by": event.actor, "text": str(event.data.get("text", ""))[:LONGEST_QUOTE]}
    return [
        Wanted(each, NoticeKind.MENTIONED, _source_of(event), event.order_id, facts)
        for each in people.find_viewers(account_ids)
        if each.username != event.actor
    ]


def list_expiring(after: datetime, now: datetime, people: People) -> tuple[list[Wanted], datetime]:
    """Return who is to be warned of deadlines that are near, and up to which deadline; `after` is how far it got."""
    upto = now + SOON
    waiting = Order.objects.awaiting_decision().order_by("approval_deadline", "pk")
    near = waiting.filter(approval_deadline__gt=after - OVERLAP, approval_deadline__lte=upto)
    found: list[tuple[int, Any]] = list(near.values_list("pk", "approval_deadline")[:MOST_ORDERS])
    if len(found) == MOST_ORDERS:
        # The rest follows in the next round; some may have the very deadline of the last one.
        upto = found[-1][1]
        found = list(near.filter(approval_deadline__lte=upto).values_list("pk", "approval_deadline"))
    sources = {pk: f"deadline-{pk}-{deadline.isoformat()}" for pk, deadline in found if deadline > now}
    return _list_for_approvers(NoticeKind.EXPIRING, sources, people), upto


def list_ended_batches(now: datetime, people: People) -> list[Wanted]:
    """Return the owners of batches that have ended, but for those who ended one themselves."""
    told = Notice.objects.filter(
        account_id=OuterRef("actor_account_id"), kind=NoticeKind.BATCH_ENDED, source=OuterRef("batch_id")
    )
    ended = Batch.objects.filter(ended_at__gt=now - LOOK_BACK).exclude(Exists(told))
    batches = list(ended.exclude(state=BatchState.STOPPED, is_right_lost=False, changed_by=F("actor")))
    owners = {each.account_id: each for each in people.find({batch.actor_account_id for batch in batches})}
    return [
        Wanted(owners[batch.actor_account_id], NoticeKind.BATCH_ENDED, batch.batch_id, data=_facts_of(batch))
        for batch in batches
        if batch.actor_account_id in owners and owners[batch.actor_account_id].wants(NoticeKind.BATCH_ENDED)
    ]


def _facts_of(batch: Batch) -> dict[str, Any]:
    decided = count_results(batch).get(BatchResult.DECIDED, 0)
    return {"kind": batch.kind, "state": batch.state, "decided": decided, "total": batch.total}


def list_paused_webhooks(now: datetime, people: People) -> list[Wanted]:
    """Return the administrators, for each webhook that was paused because its calls failed."""
    reasons = (WebhookEndpoint.Pause.FAILING, WebhookEndpoint.Pause.GONE)
    paused = list(WebhookEndpoint.objects.filter(pause_reason__in=reasons, paused_at__gt=now - LOOK_BACK))
    return [
        Wanted(
            person,
            NoticeKind.WEBHOOK_PAUSED,
            f"webhook-{endpoint.pk}-{endpoint.paused_at:%Y%m%d%H%M%S%f}",
            data={"webhook": endpoint.pk, "url": endpoint.url, "reason": endpoint.pause_reason},
        )
        for endpoint in paused
        for person in people.administrators
    ]
