"""Makes notices and e-mails to customers: each at most once, however often a round is made.

The events of orders are read in the order of the feed, which skips none. The place up to which that is done is moved in
the transaction in which the notices are written, and a constraint refuses a notice that is there: so none is lost or
doubled by a crash, or by two processes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from orders.events import EventKind
from orders.feed.reading import read_kinds
from orders.models import FeedEntry, Notice, NoticeMark, Order
from orders.notifications import customers, wanted
from orders.notifications.people import People
from orders.notifications.wanted import Wanted
from orders.postgres.clock import database_now
from orders.states import NoticeKind

ROUND: Final = 500
# After these an order may need nobody any more, or not the person who acted.
DECIDING: Final = frozenset(
    {EventKind.APPROVED, EventKind.CANCELLATION_REQUESTED, EventKind.CHARGING, EventKind.CANCELLING}
)
# What is over once an order is decided.
OF_WAITING: Final = (NoticeKind.NEEDS_APPROVAL, NoticeKind.EXPIRING, NoticeKind.ESCALATED)
MARK: Final = 1
FORGET_AT_ONCE: Final = 1000


def make_from_events() -> int:
    """Make the notices of what has happened since, and return the number of places in the feed that were passed."""
    if not _has_news():
        return 0
    with transaction.atomic():
        mark = _lock_mark()
        if mark is None:
            return 0
        before = mark.position
        told = customers.list_enabled() if settings.SENDS_MAIL else {}
        entries, mark.position = read_kinds({*wanted.KINDS, *DECIDING, *told}, after=before, limit=ROUND)
        _write(wanted.list_from_events(entries, People()), database_now())
        customers.write_mails(entries, told)
        _settle(entries)
        mark.save(update_fields=["position"])
        return mark.position - before


def make_from_tables() -> int:
    """Make the notices of what no event tells: deadlines that are near, batches that ended, webhooks that paused."""
    with transaction.atomic():
        mark = _lock_mark()
        if mark is None:
            return 0
        now, people = database_now(), People()
        expiring, mark.deadline_upto = wanted.list_expiring(mark.deadline_upto or now, now, people)
        found = [
            *expiring,
            *wanted.list_ended_batches(now, people),
            *wanted.list_paused_webhooks(now, people),
        ]
        _write(found, now)
        mark.save(update_fields=["deadline_upto"])
        return len(found)


def forget_old() -> int:
    """Remove notices whose time is over, and return how many went."""
    old = Notice.objects.filter(created_at__lt=Now() - timedelta(seconds=settings.NOTICE_LIFETIME))
    pks = list(old.order_by("created_at").values_list("pk", flat=True)[:FORGET_AT_ONCE])
    return Notice.objects.filter(pk__in=pks).delete()[0] if pks else 0


def _has_news() -> bool:
    """Tell whether there are events beyond the mark; one statement, and all that a round without news costs."""
    marks = NoticeMark.objects.filter(pk=MARK, position__gte=OuterRef("position"))
    newest = FeedEntry.objects.order_by("-position").annotate(is_passed=Exists(marks))
    return newest.values_list("is_passed", flat=True).first() is False


def _lock_mark() -> NoticeMark | None:
    """Return the mark, locked; None while another process has it."""
    found = NoticeMark.objects.select_for_update(skip_locked=True).filter(pk=MARK).first()
    if found is None and not NoticeMark.objects.filter(pk=MARK).exists():
        found = NoticeMark.objects.create(pk=MARK)
    return found


def _write(found: Iterable[Wanted], now: datetime) -> None:
    notices = [
        Notice(
            account_id=each.person.account_id,
            kind=each.kind,
            source=each.source,
            order_id=each.order_id,
            data=dict(each.data),
            mail_due_at=_find_mail_time(each, now),
        )
        for each in found
        if each.person.wants(each.kind)
    ]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)


def _find_mail_time(each: Wanted, now: datetime) -> datetime | None:
    if not settings.SENDS_MAIL or not each.person.has_address:
        return None
    return each.person.choices.find_mail_time(each.kind, now)


def _settle(entries: Sequence[FeedEntry]) -> None:
    """Take back what nobody needs to be told any more: a decided order waits for nobody, an approved one for others."""
    events = [entry.event for entry in entries if entry.event.kind in DECIDING]
    if not events:
        return
    open_notices = Notice.objects.filter(read_at__isnull=True, kind__in=OF_WAITING)
    waiting = set(
        Order.objects.filter(pk__in={event.order_id for event in events})
        .awaiting_decision()
        .values_list("pk", flat=True)
    )
    over = {event.order_id for event in events} - waiting
    open_notices.filter(order_id__in=over).update(read_at=Now(), mail_due_at=None)
    for event in events:
        if event.order_id in waiting:
            theirs = open_notices.filter(order_id=event.order_id, account__username=event.actor)
            theirs.update(read_at=Now(), mail_due_at=None)
