"""Scheduled exports in the admin: administrators see whose they are, pause them, resume them and delete them."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import Settings

from orders.models import ExportSchedule, ExportSending
from tests.orders.schedules.scheduling import make_due, schedule, work

pytestmark = pytest.mark.django_db
URL = "/admin/orders/exportschedule/"


@pytest.fixture
def admins(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    confirm(client)
    return client


def confirm(client: Client) -> None:
    """Enter the password, without which nobody changes anything in the admin."""
    client.post(URL, {"confirm_password": "demo", "confirm_method": "GET"})


def act(client: Client, action: str, *schedules: ExportSchedule) -> None:
    chosen = [str(each.pk) for each in schedules]
    client.post(URL, {"action": action, "_selected_action": chosen})


def test_it_is_shown_with_what_became_of_it(admins: Client, bob: User, settings: Settings) -> None:
    settings.SENDS_MAIL = True
    made = schedule(bob, "currency=EUR")
    make_due()
    work()
    page = admins.get(URL).content.decode()
    assert "Open orders" in page
    assert "Every day at 08:00, Europe/Berlin" in page
    page = admins.get(f"{URL}{made.pk}/change/").content.decode()
    assert "currency=EUR" in page
    assert "The owner has no e-mail address" in page


def test_it_is_paused_and_resumed(admins: Client, bob: User) -> None:
    made, other = schedule(bob), schedule(bob)
    act(admins, "pause_all", made)
    made.refresh_from_db()
    assert (made.pause, made.next_at) == ("ADMIN", None)
    act(admins, "resume_all", made, other)
    assert list(ExportSchedule.objects.filter(pause="", next_at__isnull=False)) == [made, other]


def test_it_is_deleted(admins: Client, bob: User, settings: Settings) -> None:
    settings.SENDS_MAIL = True
    made = schedule(bob)
    make_due()
    work()
    assert admins.post(f"{URL}{made.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ExportSchedule.objects.exists()
    assert not ExportSending.objects.exists()


def test_nothing_else_is_changed(admins: Client, bob: User) -> None:
    made = schedule(bob)
    assert admins.get(f"{URL}add/").status_code == 403
    assert admins.post(f"{URL}{made.pk}/change/", {"name": "Other"}).status_code == 403
    assert ExportSchedule.objects.get().name == "Open orders"


def test_staff_who_may_look_only_look(client: Client, bob: User, dana: User) -> None:
    dana.is_staff = True
    dana.save()
    dana.user_permissions.add(Permission.objects.get(codename="view_exportschedule"))
    client.force_login(dana)
    confirm(client)
    made = schedule(bob)
    assert "Open orders" in client.get(URL).content.decode()
    for action in ("pause_all", "resume_all", "delete_selected"):
        act(client, action, made)
    assert client.post(f"{URL}{made.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ExportSchedule.objects.get().pause == ""
