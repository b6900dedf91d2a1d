"""/accounts/password/: everybody changes their own password."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.asking import LOGIN, leads_to_login, text_of
from tests.making import make_user

pytestmark = pytest.mark.django_db
URL = "/accounts/password/"
NEW = "late trams sing badly"


def typed(old: str = "demo", new: str = NEW, again: str = "") -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": again or new}


def may_sign_in(name: str, password: str) -> bool:
    return Client().post(LOGIN, {"username": name, "password": password}).status_code == 302


class TestChange:
    @pytest.mark.parametrize("role", ["viewer", "clerk", "approver", ""])
    def test_everybody_may(self, client: Client, role: str) -> None:
        person = make_user("pat", role)
        client.force_login(person)
        assert 'href="/accounts/password/"' in text_of(client.get("/accounts/settings/"))
        assert client.get(URL).status_code == 200
        response = client.post(URL, typed(), follow=True)
        assert "Your password was changed." in text_of(response)
        assert not may_sign_in("pat", "demo")
        assert may_sign_in("pat", NEW)

    def test_this_session_goes_on_and_all_others_end(self, client: Client, bob: User) -> None:
        elsewhere = Client()
        for browser in (client, elsewhere):
            browser.post(LOGIN, {"username": "bob", "password": "demo"})
        client.post(URL, typed())
        assert client.get("/orders/").status_code == 200
        assert elsewhere.get("/orders/").status_code == 302

    def test_it_is_told_to_the_log(self, client: Client, bob: User, caplog: pytest.LogCaptureFixture) -> None:
        client.force_login(bob)
        caplog.set_level("INFO")
        client.post(URL, typed())
        assert f'password changed address="127.0.0.1" user="bob" account={bob.pk}' in caplog.text
        assert NEW not in caplog.text


class TestRefusals:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client: Client, bob: User) -> None:
        client.force_login(bob)

    @pytest.mark.parametrize(
        ("sent", "sentence"),
        [
            (typed(old="wrong"), "This is not your current password."),
            (typed(again="late trams sing well"), "The two new passwords do not match."),
            (typed(new="short"), "at least 12 characters"),
            (typed(new="bob-bobbob-xyz"), "contains only your name"),
            (typed(new="qwertyuiop12"), "sequence from the keyboard"),
            ({}, "This field is required."),
        ],
    )
    def test_what_is_wrong_is_said(self, client: Client, sent: dict[str, str], sentence: str) -> None:
        response = client.post(URL, sent)
        assert response.status_code == 422
        assert sentence in text_of(response)
        assert may_sign_in("bob", "demo")

    def test_the_current_one_is_no_new_one(self, client: Client, bob: User) -> None:
        bob.set_password(NEW)
        bob.save()
        client.force_login(bob)
        assert "This is your current password." in text_of(client.post(URL, typed(old=NEW)))

    def test_a_stolen_session_does_not_find_the_password_out(self, client: Client) -> None:
        for _ in range(4):
            assert client.post(URL, typed(old="guess")).status_code == 422
        response = client.post(URL, typed(old="guess"))
        assert response.status_code == 429
        assert "Go to the orders" in text_of(response), "who is signed in stays so"
        assert client.post(URL, typed()).status_code == 429
        assert may_sign_in("bob", "demo") is False, "the count is the same as at signing in"

    def test_the_right_password_forgets_the_wrong_ones(self, client: Client) -> None:
        for _ in range(4):
            client.post(URL, typed(old="guess"))
        assert client.post(URL, typed()).status_code == 302
        for _ in range(4):
            assert not may_sign_in("bob", "guess")
        assert may_sign_in("bob", NEW)

    def test_nothing_that_was_typed_comes_back(self, client: Client) -> None:
        page = text_of(client.post(URL, typed(old="wrong-one")))
        assert "wrong-one" not in page
        assert NEW not in page


def test_a_stranger_has_to_sign_in(client: Client) -> None:
    assert client.get(URL)["Location"] == leads_to_login(URL)
    assert client.post(URL, typed())["Location"] == leads_to_login(URL)


def test_the_admins_link_leads_there(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    assert client.get("/admin/password_change/")["Location"] == URL
    assert client.post("/admin/password_change/", typed()).status_code == 403
    assert may_sign_in("admin", "demo")
