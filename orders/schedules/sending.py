"""What is due is sent: a file is made as other exports are, and then handed to the mailer, once for each time.

A time that is due is taken by writing a row for it and moving the schedule on, in one transaction; a file that is ready
becomes an e-mail by another. So a worker that dies between them leaves work that the next one finds, and nothing is
done twice. The mailer sends each e-mail at most once. Times that passed while no worker ran are made up by one file.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.errors import OrderInvalid, ScheduleHeld
from orders.identifiers import new_identifier
from orders.listing.saved_lists import fix_days, read_list
from orders.models import ExportSchedule, ExportSending, ListExport, Mail, SavedView
from orders.permissions import may_view
from orders.postgres.clock import database_now
from orders.schedules.keeping import check_is_free, find_next_time, lock_schedule
from orders.zones import find_zone

logger = logging.getLogger(__name__)
# Larger files are a link: with what an e-mail adds, servers that take ten megabytes take this.
MOST_ATTACHED_BYTES: Final = 5_000_000
State, Reason = ExportSending.State, ExportSending.Reason


def begin_due() -> bool:
    """Begin with the schedule that has been due longest, and tell whether there was one."""
    if not settings.SENDS_MAIL:
        return False
    making = ExportSending.objects.filter(schedule=OuterRef("pk"), state=State.MAKING)
    due = ExportSchedule.objects.filter(~Exists(making), next_at__lte=Now()).order_by("next_at")
    with transaction.atomic():
        schedule = due.select_for_update(skip_locked=True, of=("self",)).select_related("account").first()
        if schedule is None or schedule.next_at is None:
            return False
        _begin(schedule, due_at=schedule.next_at)
        schedule.next_at = find_next_time(schedule, after=database_now())
        schedule.save(update_fields=["next_at"])
    return True


def send_now(schedule_id: str, *, owner: User) -> ExportSending:
    """Send the schedule's file as it is now, beside its times. Raises ScheduleNotFound and ScheduleHeld."""
    if not settings.SENDS_MAIL:
        raise ScheduleHeld(_("The console does not send e-mail at present."))
    with transaction.atomic():
        schedule = lock_schedule(schedule_id, owner=owner)
        check_is_free(schedule)
        if schedule.sendings.filter(state=State.MAKING).exists():
            raise ScheduleHeld(_("A file of this export is already being made. It is sent when it is ready."))
        return _begin(schedule, due_at=database_now(), is_asked_for=True)


def hand_over() -> bool:
    """Turn a file that is ready into an e-mail, or write down why there is none; tell whether there was one."""
    is_ready = Q(export__isnull=True) | ~Q(export__state=ListExport.State.PENDING)
    ready = ExportSending.objects.filter(is_ready, state=State.MAKING).order_by("id")
    with transaction.atomic():
        sending = ready.select_for_update(skip_locked=True, of=("self",)).select_related("schedule", "export").first()
        if sending is None:
            return False
        export = sending.export
        if export is None:
            sending.state, sending.reason = State.REFUSED, Reason.FILE_GONE
        elif not export.is_done:
            sending.state, sending.reason = State.REFUSED, Reason(export.fault or Reason.UNREADABLE)
        else:
            sending.mail = Mail.objects.create(account_id=sending.schedule.account_id)
            sending.state, sending.is_attached = State.MAILED, export.size <= MOST_ATTACHED_BYTES
        sending.save(update_fields=["state", "reason", "mail", "is_attached"])
    return True


def forget_old() -> int:
    """Remove what became of times long ago, and return how many went."""
    old = ExportSending.objects.filter(created_at__lt=Now() - timedelta(seconds=settings.NOTICE_LIFETIME))
    pks = list(old.exclude(state=State.MAKING).order_by("created_at").values_list("pk", flat=True)[:1000])
    return ExportSending.objects.filter(pk__in=pks).delete()[0] if pks else 0


def _begin(schedule: ExportSchedule, *, due_at: datetime, is_asked_for: bool = False) -> ExportSending:
    """Ask for the file, as its owner may see the list at this moment, or write down why there is none."""
    sending = ExportSending(schedule=schedule, due_at=due_at, is_asked_for=is_asked_for, state=State.MAKING)
    owner = schedule.account
    query = _find_query(schedule)
    if not may_view(owner):
        sending.reason = Reason.NOT_ALLOWED
    elif not owner.email:
        sending.reason = Reason.NO_ADDRESS
    elif query is None:
        sending.reason = Reason.VIEW_GONE
    else:
        try:
            sending.export = _ask_for_file(schedule, query)
        except OrderInvalid:
            sending.reason = Reason.UNREADABLE
    if sending.reason:
        sending.state = State.REFUSED
        logger.warning("schedule %s was not sent: %s", schedule.schedule_id, sending.reason)
    sending.save()
    return sending


def _find_query(schedule: ExportSchedule) -> str | None:
    """Return the query of the list as it is now, None where its saved view was deleted."""
    if not schedule.view_id:
        return schedule.query
    return SavedView.objects.filter(view_id=schedule.view_id).values_list("query", flat=True).first()


def _ask_for_file(schedule: ExportSchedule, query: str) -> ListExport:
    """Have the file made, of the days as they are now where the owner is. Raises OrderInvalid."""
    with timezone.override(find_zone(schedule.time_zone)):
        fixed = fix_days(query)
        read_list(fixed, reader=schedule.account)
    return ListExport.objects.create(
        export_id=new_identifier("export"),
        account=schedule.account,
        query=fixed,
        file_format=schedule.file_format,
        time_zone=schedule.time_zone,
    )
