"""Scheduled exports for tests, and what the workers do with them."""

from typing import Any

from django.contrib.auth.models import User

from orders.listing.exports import make_piece
from orders.listing.workbook_exports import make_workbook
from orders.models import ExportSchedule
from orders.models.list_export import FileFormat
from orders.notifications import companion
from orders.postgres.clock import database_now
from orders.schedules import sending
from orders.schedules.keeping import Plan, add_schedule

EVERY_MORNING = Plan("Open orders", FileFormat.CSV, weekdays="1234567", hour=8, time_zone="Europe/Berlin")

MOST_ROUNDS = 20


def schedule(owner: User, query: str = "", *, view_id: str = "", **changes: Any) -> ExportSchedule:
    """Schedule a list for every morning, with `changes`."""
    plan = Plan(**{**EVERY_MORNING.__dict__, **changes})
    return add_schedule(plan, owner=owner, query=query, view_id=view_id)


def make_due(*schedules: ExportSchedule) -> None:
    """Let the time of schedules come, of all of them if none is given."""
    due = ExportSchedule.objects.filter(pause="")
    if schedules:
        due = due.filter(pk__in=[each.pk for each in schedules])
    due.update(next_at=database_now())


def make_files() -> None:
    """Make the files that are asked for or due, as workers do, without sending them."""
    while any([sending.begin_due(), make_piece(), make_workbook()]):
        pass


def work() -> None:
    """Do what the workers do until nothing is left."""
    make_files()
    for _ in range(MOST_ROUNDS):
        if not sending.hand_over():
            break
    companion.send_mail()
