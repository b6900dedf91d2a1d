"""/accounts/login/ and /accounts/logout/: signing in and out."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.asking import HTMX, LOGIN, text_of

pytestmark = pytest.mark.django_db
LOGOUT = "/accounts/logout/"


class TestSignIn:
    def test_it_leads_to_the_desk(self, client: Client, bob: User) -> None:
        response = client.post(LOGIN, {"username": "bob", "password": "demo"}, follow=True)
        assert response.redirect_chain == [("/", 302)]
        assert "approver" in text_of(response)

    def test_it_leads_to_what_was_asked_for(self, client: Client, bob: User) -> None:
        assert 'name="next" value="/orders/new/"' in text_of(client.get(f"{LOGIN}?next=/orders/new/"))
        response = client.post(LOGIN, {"username": "bob", "password": "demo", "next": "/orders/?q=emma"})
        assert response["Location"] == "/orders/?q=emma"

    @pytest.mark.parametrize(
        "target",
        [
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "///evil.example",
            "http:evil",
            "javascript:alert(1)",
        ],
    )
    def test_it_leads_nowhere_else(self, client: Client, bob: User, target: str) -> None:
        response = client.post(LOGIN, {"username": "bob", "password": "demo", "next": target})
        assert response["Location"] == "/"

    @pytest.mark.parametrize("target", [LOGIN, f"{LOGIN}?next={LOGIN}", LOGOUT, "/admin/login/", "/admin/logout/"])
    def test_it_leads_not_back_to_signing_in_or_out(self, client: Client, bob: User, target: str) -> None:
        response = client.post(LOGIN, {"username": "bob", "password": "demo", "next": target})
        assert response["Location"] == "/"
        assert client.get(LOGIN, {"next": target})["Location"] == "/"

    def test_a_wrong_password_is_said_and_the_name_kept(self, client: Client, bob: User) -> None:
        response = client.post(LOGIN, {"username": "bob", "password": "wrong"})
        page = text_of(response)
        assert "The user name and password do not match" in page
        assert 'value="bob"' in page
        assert "wrong" not in page

    def test_the_page_shows_nothing_of_the_console(self, client: Client) -> None:
        page = text_of(client.get(LOGIN))
        assert "Sign in" in page
        assert "Sign out" not in page
        assert 'id="keys"' not in page

    def test_who_is_signed_in_is_led_on(self, client: Client, bob: User) -> None:
        client.force_login(bob)
        assert client.get(LOGIN)["Location"] == "/"


class TestSignOut:
    def test_it_ends_the_session(self, client: Client, bob: User) -> None:
        client.force_login(bob)
        assert client.post(LOGOUT)["Location"] == LOGIN
        assert client.get("/orders/").status_code == 302

    def test_a_link_cannot_do_it(self, client: Client, bob: User) -> None:
        client.force_login(bob)
        assert client.get(LOGOUT).status_code == 405
        assert client.get("/orders/").status_code == 200


def test_an_expired_session_leaves_a_page_that_is_open_alone(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get("/orders/", headers=HTMX).status_code == 200
    client.session.flush()
    for method in (client.get, client.post):
        response = method("/orders/", headers=HTMX)
        assert response.status_code == 401
        assert "what you typed here is kept" in text_of(response)
