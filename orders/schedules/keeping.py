"""Scheduled exports as their owners, and administrators, keep them: made, changed, paused, resumed and removed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.errors import OrderInvalid, ScheduleHeld, ScheduleNotFound
from orders.identifiers import new_identifier
from orders.listing.saved_lists import read_list
from orders.models import ExportSchedule
from orders.models.list_export import FileFormat
from orders.models.saved_view import LONGEST_NAME, LONGEST_QUERY
from orders.postgres.clock import database_now
from orders.schedules.due_times import find_next
from orders.texts import clean_line
from orders.zones import find_zone, is_zone

MOST_SCHEDULES: Final = 20
PAUSED_BY_ADMIN: Final = gettext_lazy("An administrator paused this export. Ask them to resume it.")


@dataclass(frozen=True)
class Plan:
    """What is chosen of a scheduled export beside its list; `weekdays` are digits, 1 is Monday."""

    name: str
    file_format: FileFormat
    weekdays: str
    hour: int
    time_zone: str

    def check(self) -> None:
        """Raise OrderInvalid, with a sentence for the field, for what no schedule can be."""
        if not self.name:
            raise _wrong("name", _("Enter a name."))
        if len(self.name) > LONGEST_NAME:
            raise _wrong("name", _("A name can have at most %(most)s characters.") % {"most": LONGEST_NAME})
        if not self.weekdays:
            raise _wrong("weekdays", _("Choose at least one day."))
        if not is_zone(self.time_zone):
            raise _wrong("time_zone", _("Choose a time zone from the list."))

    def apply(self, schedule: ExportSchedule, *, now: datetime) -> None:
        """Give the schedule these values, and the time that follows from them."""
        schedule.name, schedule.file_format = self.name, self.file_format
        schedule.weekdays, schedule.hour, schedule.time_zone = self.weekdays, self.hour, self.time_zone
        schedule.next_at = None if schedule.pause else find_next_time(schedule, after=now)


def find_next_time(schedule: ExportSchedule, *, after: datetime) -> datetime:
    """Return when the schedule is due first after a time."""
    return find_next(schedule.weekdays, schedule.hour, find_zone(schedule.time_zone), after=after)


def add_schedule(plan: Plan, *, owner: User, query: str = "", view_id: str = "") -> ExportSchedule:
    """Keep a schedule of the list of a query string, or of a saved view. Raises OrderInvalid."""
    plan = _clean(plan)
    if len(query) > LONGEST_QUERY:
        raise OrderInvalid(_("This list has too many filters to be scheduled."))
    read_list(query, reader=owner)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=owner.pk)
        if ExportSchedule.objects.filter(account=owner).count() >= MOST_SCHEDULES:
            sentence = _("You have %(most)s scheduled exports, which is the most. Delete one first.")
            raise OrderInvalid(sentence % {"most": MOST_SCHEDULES})
        schedule = ExportSchedule(
            schedule_id=new_identifier("schedule"), account=owner, query="" if view_id else query, view_id=view_id
        )
        plan.apply(schedule, now=database_now())
        schedule.save()
    return schedule


def change_schedule(schedule_id: str, plan: Plan, *, owner: User) -> ExportSchedule:
    """Give a schedule other values; it is due next as they say. Raises OrderInvalid and ScheduleNotFound."""
    plan = _clean(plan)
    with transaction.atomic():
        schedule = lock_schedule(schedule_id, owner=owner)
        plan.apply(schedule, now=database_now())
        schedule.save()
    return schedule


def read_schedule(schedule_id: str, *, owner: User) -> ExportSchedule:
    """Return a schedule of this person's. Raises ScheduleNotFound."""
    schedule = ExportSchedule.objects.filter(schedule_id=schedule_id, account=owner).first()
    if schedule is None:
        raise ScheduleNotFound(schedule_id)
    return schedule


def lock_schedule(schedule_id: str, *, owner: User) -> ExportSchedule:
    """Return a schedule of this person's, which nobody else changes at the same time. Raises ScheduleNotFound."""
    own = ExportSchedule.objects.filter(schedule_id=schedule_id, account=owner)
    schedule = own.select_for_update(of=("self",)).select_related("account").first()
    if schedule is None:
        raise ScheduleNotFound(schedule_id)
    return schedule


@transaction.atomic
def pause_schedule(schedule_id: str, *, owner: User) -> ExportSchedule:
    """Have nothing sent until the schedule is resumed. Raises ScheduleNotFound."""
    schedule = lock_schedule(schedule_id, owner=owner)
    if not schedule.is_paused:
        _set_pause(schedule, ExportSchedule.Pause.OWNER)
    return schedule


@transaction.atomic
def resume_schedule(schedule_id: str, *, owner: User) -> ExportSchedule:
    """Have the schedule sent again from its next time on. Raises ScheduleNotFound and ScheduleHeld."""
    schedule = lock_schedule(schedule_id, owner=owner)
    check_is_free(schedule)
    if schedule.is_paused:
        _set_pause(schedule, "")
    return schedule


def remove_schedule(schedule_id: str, *, owner: User) -> ExportSchedule:
    """Delete the schedule, and return what it was. Raises ScheduleNotFound."""
    with transaction.atomic():
        schedule = lock_schedule(schedule_id, owner=owner)
        ExportSchedule.objects.filter(pk=schedule.pk).delete()
    return schedule


def check_is_free(schedule: ExportSchedule) -> None:
    """Raise ScheduleHeld for a schedule that an administrator paused."""
    if schedule.pause == ExportSchedule.Pause.ADMIN:
        raise ScheduleHeld(str(PAUSED_BY_ADMIN))


@transaction.atomic
def pause_for_admin(pk: int) -> None:
    """Have nothing sent until an administrator resumes the schedule."""
    for schedule in ExportSchedule.objects.select_for_update().filter(pk=pk):
        _set_pause(schedule, ExportSchedule.Pause.ADMIN)


@transaction.atomic
def resume_for_admin(pk: int) -> None:
    """Have a schedule sent again that an administrator paused; its owner's own pause stays."""
    for schedule in ExportSchedule.objects.select_for_update().filter(pk=pk, pause=ExportSchedule.Pause.ADMIN):
        _set_pause(schedule, "")


def _set_pause(schedule: ExportSchedule, pause: str) -> None:
    schedule.pause = pause
    schedule.next_at = None if pause else find_next_time(schedule, after=database_now())
    schedule.save(update_fields=["pause", "next_at"])


def _clean(plan: Plan) -> Plan:
    cleaned = Plan(
        clean_line(plan.name, limit=None), plan.file_format, plan.weekdays, plan.hour, clean_line(plan.time_zone)
    )
    cleaned.check()
    return cleaned


def _wrong(field: str, sentence: str) -> OrderInvalid:
    return OrderInvalid(sentence, fields={field: sentence})
