"""/accounts/notices/: everybody chooses for themselves what they are told of, and how."""

from datetime import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from console.models import PersonalSettings
from orders.notifications.choices import Choices, read_own_choices, save_choices
from orders.states import NoticeKind, NoticeWay
from tests.asking import HTMX, leads_to_login, text_of
from tests.console.accounts.test_interruption import sign_in_again
from tests.making import make_user

pytestmark = pytest.mark.django_db
URL = "/accounts/notices/"
OF_APPROVERS = [kind.value for kind in NoticeKind if kind != NoticeKind.WEBHOOK_PAUSED]


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    """Bob's browser."""
    client.force_login(bob)
    return client


def chosen(**changes: str) -> dict[str, str]:
    return dict.fromkeys(OF_APPROVERS, "CONSOLE") | {"time_zone": "Europe/Berlin"} | changes


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_what_is_chosen_is_kept_and_shown(bobs: Client, bob: User, headers: dict[str, str]) -> None:
    response = bobs.post(
        URL, chosen(MENTIONED="DIGEST", EXPIRING="OFF", quiet_from="22:00", quiet_until="07:00"), headers=headers
    )
    assert (response.status_code, response["Location"]) == (302, URL)
    kept = read_own_choices(bob.pk)
    assert (kept.way_of(NoticeKind.MENTIONED), kept.way_of(NoticeKind.EXPIRING)) == (NoticeWay.DIGEST, NoticeWay.OFF)
    assert (kept.time_zone, kept.quiet_from, kept.quiet_until) == ("Europe/Berlin", time(22), time(7))
    page = text_of(bobs.get(URL))
    assert "Your choices were saved." in page
    assert '<option value="Europe/Berlin" selected>' in page
    assert 'value="22:00' in page


def test_a_person_chooses_among_what_concerns_them(client: Client, charlie: User) -> None:
    client.force_login(charlie)
    page = text_of(client.get(URL))
    assert "Someone mentions you" in page
    assert "An order needs your approval" not in page


def test_what_somebody_chose_in_another_role_stays(client: Client, charlie: User) -> None:
    save_choices(charlie.pk, Choices({NoticeKind.EXPIRING: NoticeWay.OFF}))
    client.force_login(charlie)
    client.post(URL, {"MENTIONED": "OFF", "time_zone": "UTC"})
    assert read_own_choices(charlie.pk).ways == {
        NoticeKind.EXPIRING: NoticeWay.OFF,
        NoticeKind.MENTIONED: NoticeWay.OFF,
    }


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (chosen(quiet_from="22:00"), "Enter when the quiet hours begin and when they end"),
        (chosen(quiet_from="late", quiet_until="07:00"), "Enter a valid time."),
        (chosen(time_zone="Mars/Olympus"), "Select a valid choice."),
        (chosen(MENTIONED="BY_PIGEON"), "Select a valid choice."),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_what_cannot_be_meant_is_said_beside_it(
    bobs: Client, bob: User, sent: dict[str, str], sentence: str, headers: dict[str, str]
) -> None:
    response = bobs.post(URL, sent, headers=headers)
    assert response.status_code == 422
    assert sentence in text_of(response)
    assert read_own_choices(bob.pk) == Choices()


def test_it_says_whether_there_is_email(bobs: Client, bob: User, settings: Settings) -> None:
    assert "The console does not send e-mail at present." in text_of(bobs.get(URL))
    settings.SENDS_MAIL = True
    assert "Your account has no e-mail address." in text_of(bobs.get(URL))
    bob.email = "bob@example.com"
    bob.save()
    assert "E-mail goes to <bdi>bob@example.com</bdi>." in text_of(bobs.get(URL))


@pytest.mark.parametrize("role", ["viewer", "clerk", "approver", ""])
def test_everybody_may(client: Client, role: str) -> None:
    client.force_login(make_user("pat", role))
    assert client.get(URL).status_code == 200


def test_who_has_chosen_nothing_begins_with_the_zone_of_their_settings(bobs: Client, bob: User) -> None:
    PersonalSettings.objects.create(account=bob, time_zone="Asia/Tokyo")
    assert '<option value="Asia/Tokyo" selected>' in text_of(bobs.get(URL))
    bobs.post(URL, chosen(quiet_from="22:00", quiet_until="07:00"))
    assert '<option value="Europe/Berlin" selected>' in text_of(bobs.get(URL))


def test_what_a_stranger_typed_is_there_again(client: Client, bob: User) -> None:
    page = sign_in_again(client, "bob", client.post(URL, chosen(MENTIONED="OFF")))
    assert page.redirect_chain[-1][0] == URL
    assert page.context["form"]["MENTIONED"].value() == "OFF"
    assert read_own_choices(bob.pk) == Choices()


def test_a_stranger_signs_in_first(client: Client) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)


def test_nothing_else_is_taken(bobs: Client) -> None:
    assert bobs.delete(URL).status_code == 405
