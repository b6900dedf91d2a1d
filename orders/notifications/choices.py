"""How a person wants to be told of each kind of notice, and when an e-mail may reach them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from django.utils.translation import gettext as _

from orders.errors import OrderInvalid
from orders.models import NoticeSettings
from orders.states import NoticeKind, NoticeWay
from orders.zones import UTC_NAME, find_zone, is_zone

# What is usual. By e-mail comes what somebody waits for; a desk that is looked at all day tells of new orders itself.
DEFAULT_WAYS: Final[Mapping[NoticeKind, NoticeWay]] = {
    NoticeKind.NEEDS_APPROVAL: NoticeWay.CONSOLE,
    NoticeKind.EXPIRING: NoticeWay.CONSOLE,
    NoticeKind.ESCALATED: NoticeWay.AT_ONCE,
    NoticeKind.MENTIONED: NoticeWay.AT_ONCE,
    NoticeKind.BATCH_ENDED: NoticeWay.CONSOLE,
    NoticeKind.REFUND_FAILED: NoticeWay.AT_ONCE,
    NoticeKind.WEBHOOK_PAUSED: NoticeWay.AT_ONCE,
}


@dataclass(frozen=True)
class Choices:
    """What a person chose; the quiet hours are in their zone, and may begin on one day and end on the next."""

    ways: Mapping[NoticeKind, NoticeWay] = field(default_factory=dict)
    time_zone: str = UTC_NAME
    quiet_from: time | None = None
    quiet_until: time | None = None

    def way_of(self, kind: NoticeKind) -> NoticeWay:
        """Return how the person wants to be told of this kind."""
        return self.ways.get(kind, DEFAULT_WAYS[kind])

    def find_mail_time(self, kind: NoticeKind, now: datetime) -> datetime | None:
        """Return when a notice that is made now is to be told by e-mail, or None for not at all."""
        way = self.way_of(kind)
        if way not in {NoticeWay.AT_ONCE, NoticeWay.DIGEST}:
            return None
        local = now.astimezone(find_zone(self.time_zone))
        if way == NoticeWay.DIGEST:
            local = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return self._after_quiet_hours(local).astimezone(now.tzinfo)

    def _after_quiet_hours(self, local: datetime) -> datetime:
        """Return the time, or the end of the quiet hours where it is within them."""
        start, end = self.quiet_from, self.quiet_until
        if start is None or end is None or start == end:
            return local
        at = local.time()
        is_quiet = start <= at < end if start < end else at >= start or at < end
        if not is_quiet:
            return local
        day = local.date() + timedelta(days=1 if at >= end else 0)
        return datetime.combine(day, end, local.tzinfo)


def read_choices(account_ids: Iterable[int]) -> dict[int, Choices]:
    """Return what these accounts chose; those who chose nothing are not among them. One statement."""
    rows = NoticeSettings.objects.filter(account_id__in=list(account_ids))
    return {row.account_id: _describe(row) for row in rows}


def read_own_choices(account_id: int) -> Choices:
    """Return what one account chose, or what is usual."""
    return read_choices([account_id]).get(account_id, Choices())


def save_choices(account_id: int, choices: Choices) -> None:
    """Keep what a person chose; it counts for notices from now on. Raises OrderInvalid."""
    if not is_zone(choices.time_zone):
        sentence = _("There is no time zone %(name)s.") % {"name": choices.time_zone}
        raise OrderInvalid(sentence, fields={"time_zone": _("Choose a time zone from the list.")})
    if (choices.quiet_from is None) != (choices.quiet_until is None):
        missing = "quiet_from" if choices.quiet_from is None else "quiet_until"
        sentence = _("Enter when the quiet hours begin and when they end, or leave both empty.")
        raise OrderInvalid(sentence, fields={missing: sentence})
    NoticeSettings.objects.update_or_create(
        account_id=account_id,
        defaults={
            "ways": {kind.value: way.value for kind, way in choices.ways.items()},
            "time_zone": choices.time_zone,
            "quiet_from": choices.quiet_from,
            "quiet_until": choices.quiet_until,
        },
    )


def _describe(row: NoticeSettings) -> Choices:
    """Return what a row says; a kind or a way of another release counts as not chosen."""
    known = {
        NoticeKind(kind): NoticeWay(way)
        for kind, way in row.ways.items()
        if kind in set(NoticeKind) and way in set(NoticeWay)
    }
    return Choices(known, row.time_zone, row.quiet_from, row.quiet_until)
