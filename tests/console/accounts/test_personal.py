"""/accounts/settings/: how somebody likes to work."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from console.models import PersonalSettings
from tests.asking import HTMX, leads_to_login, text_of
from tests.making import MakeOrder, make_user

pytestmark = pytest.mark.django_db
URL = "/accounts/settings/"
SENT = {"can_undo": "on", "density": "compact", "time_zone": "Asia/Tokyo"}
BOTH = pytest.mark.parametrize("headers", [{}, HTMX], ids=["without htmx", "with htmx"])


@pytest.mark.parametrize("role", ["viewer", "clerk", "approver", ""])
def test_everybody_has_settings(client: Client, role: str) -> None:
    person = make_user("pat", role)
    client.force_login(person)
    assert f'href="{URL}"' in text_of(client.get("/orders/")), "the frame leads there"
    page = text_of(client.get(URL))
    assert ("Let me undo a decision" in page) == (role == "approver")
    page = text_of(client.post(URL, SENT, follow=True))
    assert "Your settings are saved." in page
    assert 'data-density="compact" data-time-zone="Asia/Tokyo"' in page
    found = PersonalSettings.objects.get(account=person)
    assert (found.can_undo, found.density, found.time_zone) == (True, "compact", "Asia/Tokyo")
    client.post(URL, {"density": "", "time_zone": ""})
    assert "data-density" not in text_of(client.get(URL))
    assert not PersonalSettings.objects.get().can_undo


def test_nothing_is_on_before_it_is_set(client: Client, bob: User, make_order: MakeOrder) -> None:
    make_order()
    client.force_login(bob)
    page = text_of(client.get("/orders/review/"))
    assert "data-can-undo" not in page
    assert "data-density" not in page
    assert not PersonalSettings.objects.exists()


def test_each_has_their_own_and_review_mode_knows(client: Client, bob: User, dana: User, make_order: MakeOrder) -> None:
    make_order()
    PersonalSettings.objects.create(account=bob, can_undo=True)
    for person, has_time in ((bob, True), (dana, False)):
        client.force_login(person)
        assert ("data-can-undo" in text_of(client.get("/orders/review/"))) is has_time


def test_they_cost_no_statement(client: Client, bob: User) -> None:
    client.force_login(bob)
    client.get(URL)
    with CaptureQueriesContext(connection) as sent:
        client.get("/policy/try/")
    assert [query["sql"] for query in sent if 'FROM "console_personalsettings"' in query["sql"]] == []


def test_they_go_with_the_account(bob: User) -> None:
    PersonalSettings.objects.create(account=bob)
    bob.delete()
    assert not PersonalSettings.objects.exists()


@BOTH
@pytest.mark.parametrize(("name", "value"), [("time_zone", "Moon/Crater"), ("density", "huge")])
def test_what_no_form_offers_is_not_saved(
    client: Client, bob: User, headers: dict[str, str], name: str, value: str
) -> None:
    client.force_login(bob)
    page = client.post(URL, {name: value}, headers=headers)
    assert page.status_code == 422
    assert "Select a valid choice" in text_of(page)
    assert not PersonalSettings.objects.exists()


@BOTH
def test_a_stranger_has_none(client: Client, headers: dict[str, str]) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)
    assert client.post(URL, SENT, headers=headers).status_code == (401 if headers else 302)
    assert not PersonalSettings.objects.exists()


def test_they_cannot_be_deleted(client: Client, bob: User) -> None:
    client.force_login(bob)
    response = client.delete(URL)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, POST"
