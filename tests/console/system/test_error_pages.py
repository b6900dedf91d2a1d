"""What a person sees when something went wrong, and what is sent with every page."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from console.desk import list_asked
from tests.asking import HTMX, LOGIN, text_of
from tests.making import MakeOrder, make_user

PAGES = ["/orders/", "/orders/new/", LOGIN, "/nonsense/"]


def break_down(request: Any) -> None:
    raise RuntimeError("the password is hunter2")


class TestPages:
    @pytest.mark.django_db
    def test_an_unknown_address_is_not_found_for_strangers_too(self, client: Client) -> None:
        response = client.get("/nonsense/")
        assert response.status_code == 404
        assert "This page does not exist." in text_of(response)
        assert f'href="{LOGIN}"' in text_of(response)

    def test_a_signed_in_person_keeps_the_frame(self, client: Client, bob: User) -> None:
        client.force_login(bob)
        page = text_of(client.get("/nonsense/"))
        assert "Go to the orders" in page
        assert "<b><bdi>bob</bdi></b>" in page

    def test_somebody_without_a_role_is_not_led_in_a_circle(self, client: Client, db: None) -> None:
        client.force_login(make_user("nobody"))
        page = text_of(client.get("/orders/"))
        assert "Ask an administrator for a role" in page
        assert "Go to the orders" not in page
        assert "Sign out" in page

    def test_a_fault_is_admitted_without_secrets(
        self, client: Client, bob: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.force_login(bob)
        client.raise_request_exception = False
        monkeypatch.setattr(list_asked.ListAsked, "read_query", break_down)
        response = client.get("/orders/")
        assert response.status_code == 500
        assert "Something went wrong" in text_of(response)
        assert "hunter2" not in text_of(response)
        fragment = client.get("/orders/", headers=HTMX)
        assert (fragment.status_code, text_of(fragment)) == (500, "Something went wrong on the server.")

    @pytest.mark.django_db
    def test_a_foreign_host_is_not_understood(self, client: Client) -> None:
        response = client.get("/orders/", headers={"host": "evil.example"})
        assert response.status_code == 400
        assert "could not read this request" in text_of(response)


class TestEveryPage:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client: Client, alice: User, make_order: MakeOrder) -> None:
        make_order()
        client.force_login(alice)

    @pytest.mark.parametrize("path", PAGES)
    def test_it_forbids_what_is_not_its_own(self, client: Client, path: str) -> None:
        policy = client.get(path)["Content-Security-Policy"]
        rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"

    @pytest.mark.parametrize("path", PAGES)
    def test_it_has_a_language_a_title_and_a_way_past_the_frame(self, client: Client, path: str) -> None:
        page = text_of(client.get(path, follow=True))
        assert re.search(r'<html lang="en(-gb)?">', page)
        assert "Order console</title>" in page
        assert 'class="skip" href="#main"' in page


def test_no_template_holds_inline_script_or_style() -> None:
    for template in Path(settings.BASE_DIR, "templates").rglob("*.html"):
        text = template.read_text()
        assert "<style" not in text, template
        assert " style=" not in text, template
        assert "hx-on" not in text, template
        assert "javascript:" not in text, template
        assert "//" not in text.replace("://", "").replace("<!doctype", ""), f"{template} may load something foreign"
        assert text.count("<script ") == text.count("</script>") == text.count('src="{% static') - text.count("<img")


@pytest.mark.parametrize("path", ["/accounts/logout/", "/admin/logout/"])
def test_a_method_that_a_page_does_not_take_is_explained(client: Client, admin_user: User, path: str) -> None:
    client.force_login(admin_user)
    response = client.get(path)
    assert (response.status_code, response["Allow"]) == (405, "POST, OPTIONS")
    assert "<h1>Method not allowed</h1>" in text_of(response)
    assert "Content-Security-Policy" in response.headers
    fragment = client.get(path, headers=HTMX)
    assert (fragment.status_code, fragment["Content-Type"]) == (405, "text/plain; charset=utf-8")
    assert text_of(fragment) == "This address does not accept that kind of request."
    assert not client.head(path).content
