"""Scheduled exports are kept by their owners: made, changed, paused, resumed and deleted."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.errors import OrderInvalid, ScheduleHeld, ScheduleNotFound
from orders.models import ExportSchedule
from orders.models.list_export import FileFormat
from orders.models.saved_view import LONGEST_QUERY
from orders.postgres.clock import database_now
from orders.schedules import keeping
from orders.zones import find_zone
from tests.orders.schedules.scheduling import EVERY_MORNING, schedule

pytestmark = pytest.mark.django_db


def test_it_is_due_at_its_next_time(bob: User) -> None:
    made = schedule(bob, "currency=EUR", weekdays="1", hour=23)
    assert made.next_at is not None
    assert made.next_at > database_now()
    local = made.next_at.astimezone(find_zone("Europe/Berlin"))
    assert (local.isoweekday(), local.hour, local.minute) == (1, 23, 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " \u200b"}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"weekdays": ""}, "weekdays"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(bob: User, change: dict[str, Any], field: str) -> None:
    with pytest.raises(OrderInvalid) as caught:
        schedule(bob, **change)
    assert list(caught.value.fields) == [field]
    assert not ExportSchedule.objects.exists()


@pytest.mark.parametrize("query", ["total_min=5", f"q={'x' * LONGEST_QUERY}"])
def test_a_list_that_cannot_be_read_is_not_scheduled(bob: User, query: str) -> None:
    with pytest.raises(OrderInvalid):
        schedule(bob, query)


def test_there_are_only_so_many(bob: User, dana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_SCHEDULES", 1)
    schedule(bob), schedule(dana)
    with pytest.raises(OrderInvalid, match="which is the most"):
        schedule(bob)


def test_a_change_counts_for_the_next_time(bob: User) -> None:
    made = schedule(bob)
    plan = keeping.Plan("Other", FileFormat.XLSX, weekdays="7", hour=0, time_zone="UTC")
    changed = keeping.change_schedule(made.schedule_id, plan, owner=bob)
    assert (changed.name, changed.file_format, changed.weekdays) == ("Other", "xlsx", "7")
    assert changed.next_at is not None
    assert (changed.next_at.isoweekday(), changed.next_at.hour) == (7, 0)


def test_while_it_is_paused_it_is_never_due(bob: User) -> None:
    made = schedule(bob)
    assert keeping.pause_schedule(made.schedule_id, owner=bob).next_at is None
    assert keeping.change_schedule(made.schedule_id, EVERY_MORNING, owner=bob).next_at is None
    resumed = keeping.resume_schedule(made.schedule_id, owner=bob)
    assert resumed.next_at is not None
    assert resumed.next_at > database_now()


def test_resuming_what_is_not_paused_changes_nothing(bob: User) -> None:
    made = schedule(bob)
    ExportSchedule.objects.update(next_at=made.created_at)
    assert keeping.resume_schedule(made.schedule_id, owner=bob).next_at == made.created_at


def test_what_an_administrator_paused_only_they_resume(bob: User) -> None:
    made = schedule(bob)
    keeping.pause_for_admin(made.pk)
    with pytest.raises(ScheduleHeld):
        keeping.resume_schedule(made.schedule_id, owner=bob)
    keeping.pause_schedule(made.schedule_id, owner=bob)
    assert ExportSchedule.objects.get().pause == ExportSchedule.Pause.ADMIN
    keeping.resume_for_admin(made.pk)
    assert ExportSchedule.objects.get().pause == ""


def test_an_administrator_leaves_the_pause_of_its_owner(bob: User) -> None:
    made = schedule(bob)
    keeping.pause_schedule(made.schedule_id, owner=bob)
    keeping.resume_for_admin(made.pk)
    assert ExportSchedule.objects.get().pause == ExportSchedule.Pause.OWNER


def test_those_of_others_do_not_exist(bob: User, dana: User) -> None:
    made = schedule(bob)
    for deed in (
        keeping.pause_schedule,
        keeping.resume_schedule,
        keeping.remove_schedule,
        keeping.read_schedule,
    ):
        with pytest.raises(ScheduleNotFound):
            deed(made.schedule_id, owner=dana)
    with pytest.raises(ScheduleNotFound):
        keeping.change_schedule(made.schedule_id, EVERY_MORNING, owner=dana)
    assert ExportSchedule.objects.get().pause == ""
