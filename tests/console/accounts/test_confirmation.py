"""The password is asked for again before anything is changed in the admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests.asking import LOGIN, text_of

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user/"
NEW = "late trams sing badly"
ASKED = 'name="confirm_password"'


@pytest.fixture
def browser(client: Client, admin_user: User) -> Client:
    """The superuser's browser, signed in a moment ago, which is not enough."""
    client.post(LOGIN, {"username": "admin", "password": "demo"})
    return client


def answer(page: str, password: str) -> dict[str, Any]:
    """Return what the page sends when the password is typed into it."""
    fields: dict[str, Any] = {}
    for tag in page.split("<input ")[1:]:
        facts = dict(part.split('="', 1) for part in tag.split(">")[0].split('" ') if '="' in part)
        facts = {name: value.rstrip('"') for name, value in facts.items()}
        if (
            facts.get("type") == "hidden"
            and "disabled" not in tag.split(">")[0]
            and facts["name"] != "csrfmiddlewaretoken"
        ):
            fields.setdefault(facts["name"], []).append(facts["value"])
    return fields | {"confirm_password": password}


def change(person: User) -> tuple[str, dict[str, Any]]:
    return f"{USERS}{person.pk}/change/", {"username": person.username, "last_name": "Arden", "is_active": "on"}


class TestAsk:
    def test_every_change_is_held_back(self, browser: Client, alice: User) -> None:
        group = Group.objects.get(name="approver")
        before = (User.objects.count(), Group.objects.count())
        risky: list[tuple[str, dict[str, Any]]] = [
            change(alice),
            (f"{USERS}add/", {"username": "nils", "password1": NEW, "password2": NEW}),
            (f"{USERS}{alice.pk}/password/", {"password1": NEW, "password2": NEW}),
            (f"{USERS}{alice.pk}/delete/", {"post": "yes"}),
            (USERS, {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"}),
            ("/admin/auth/group/add/", {"name": "boss"}),
            (f"/admin/auth/group/{group.pk}/change/", {"name": "boss"}),
            (f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}),
        ]
        for path, sent in risky:
            response = browser.post(path, sent)
            assert response.status_code == 403, path
            assert ASKED in text_of(response)
            assert "no-store" in response["Cache-Control"]
            assert NEW not in text_of(response), "no new password is sent back"
        alice.refresh_from_db()
        group.refresh_from_db()
        assert (alice.last_name, alice.check_password("demo"), group.name) == ("", True, "approver")
        assert (User.objects.count(), Group.objects.count()) == before

    def test_a_page_for_new_passwords_is_shown_after_it(self, browser: Client, alice: User) -> None:
        for path in (f"{USERS}add/", f"{USERS}{alice.pk}/password/?_popup=1"):
            page = text_of(browser.get(path))
            assert ASKED in page
            assert "password1" not in page
        response = browser.post(path, answer(page, "demo"))
        assert response["Location"] == path
        assert "password1" in text_of(browser.get(path))

    @pytest.mark.parametrize("path", ["/admin/", USERS, "/admin/auth/group/", "/admin/orders/order/"])
    def test_looking_needs_none(self, browser: Client, path: str) -> None:
        assert ASKED not in text_of(browser.get(path))

    def test_who_has_no_place_there_is_not_asked(self, client: Client, bob: User) -> None:
        client.force_login(bob)
        assert client.post(f"{USERS}add/", {"confirm_password": "demo"})["Location"].startswith("/admin/login/")


class TestAnswer:
    def test_the_form_goes_on_as_it_was(self, browser: Client, alice: User) -> None:
        groups = [group.pk for group in Group.objects.filter(name__in=("clerk", "viewer"))]
        path, sent = change(alice)
        page = text_of(browser.post(path, {**sent, "groups": groups, "first_name": '"><i>'}))
        assert '"><i>' not in page
        response = browser.post(path, answer(page, "demo") | {"first_name": "Al"})
        assert response["Location"] == USERS
        alice.refresh_from_db()
        assert alice.last_name == "Arden"
        assert sorted(alice.groups.values_list("pk", flat=True)) == sorted(groups)

    def test_a_wrong_password_changes_nothing_and_keeps_the_form(self, browser: Client, alice: User) -> None:
        path, sent = change(alice)
        page = text_of(browser.post(path, sent))
        for _ in range(2):
            response = browser.post(path, answer(page, "wrong"))
            page = text_of(response)
            assert response.status_code == 422
            assert "This is not your password." in page
        alice.refresh_from_db()
        assert alice.last_name == ""
        assert browser.post(path, answer(page, "demo")).status_code == 302

    def test_somebody_elses_password_does_not_do(self, browser: Client, alice: User) -> None:
        alice.set_password("of alice alone")
        alice.save()
        path, sent = change(alice)
        assert browser.post(path, sent | {"confirm_password": "of alice alone"}).status_code == 422

    def test_wrong_ones_are_counted(self, browser: Client, alice: User) -> None:
        path, sent = change(alice)
        answers = [browser.post(path, sent | {"confirm_password": "guess"}).status_code for _ in range(5)]
        assert answers == [422, 422, 422, 422, 429]
        assert browser.post(path, sent | {"confirm_password": "demo"}).status_code == 429

    def test_it_lasts_ten_minutes(self, browser: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
        path, sent = change(alice)
        assert browser.post(path, sent | {"confirm_password": "demo"}).status_code == 302
        real = timezone.now
        for minutes, status in ((9, 302), (11, 403)):
            monkeypatch.setattr(timezone, "now", lambda after=timedelta(minutes=minutes): real() + after)
            assert browser.post(path, sent).status_code == status

    def test_it_ends_with_the_session(self, browser: Client, alice: User) -> None:
        path, sent = change(alice)
        browser.post(path, sent | {"confirm_password": "demo"})
        browser.post("/accounts/logout/")
        browser.post(LOGIN, {"username": "admin", "password": "demo"})
        assert browser.post(path, sent).status_code == 403

    def test_the_password_is_in_no_log(self, browser: Client, alice: User, caplog: pytest.LogCaptureFixture) -> None:
        path, sent = change(alice)
        browser.post(path, sent | {"confirm_password": "wrong-secret"})
        assert "wrong-secret" not in caplog.text
        assert f'wrong password address="127.0.0.1" user="admin" path="{path}"' in caplog.text
