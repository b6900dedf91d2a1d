"""The language of a page: what a person chose, else what their browser asks for; programs are answered in English."""

import html
import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import mail as outbox
from django.db import IntegrityError
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from console.models import PersonalSettings
from orders.models import Notice, Reason
from orders.notifications import companion
from orders.notifications.mail_to_people import write_due
from orders.postgres.clock import database_now
from tests.asking import HTMX, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
GERMAN, ENGLISH = "Freigabe ausstehend", "Awaiting approval"
LOGIN = "/accounts/login/"


def choose(person: User, language: str) -> None:
    PersonalSettings.objects.update_or_create(account=person, defaults={"language": language})


def page_of(client: Client, path: str = "/orders/", asks_for: str = "", **headers: str) -> str:
    return text_of(client.get(path, headers={"Accept-Language": asks_for, **headers}))


@pytest.mark.parametrize(
    ("asks_for", "is_german"),
    [
        *[("de", True), ("de-AT,de;q=0.9", True), ("fr, de;q=0.5", True)],
        *[("", False), ("en-US,de;q=0.5", False), ("fr", False), ("*", False), ("x" * 600, False), ("de;q=a", False)],
    ],
)
def test_a_browser_says_what_it_likes(
    client: Client, bob: User, make_order: MakeOrder, asks_for: str, is_german: bool
) -> None:
    make_order()
    client.force_login(bob)
    page = page_of(client, asks_for=asks_for)
    assert (GERMAN in page, ENGLISH in page) == (is_german, not is_german)
    assert f'<html lang="{"de" if is_german else "en-gb"}"' in page
    assert translation.get_language() == settings.LANGUAGE_CODE, "and afterwards nothing is left"


@pytest.mark.parametrize(("chosen", "asks_for"), [("de", "en"), ("en-gb", "de")])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_a_person_chose_comes_first(
    client: Client, bob: User, make_order: MakeOrder, chosen: str, asks_for: str, headers: dict[str, str]
) -> None:
    make_order()
    choose(bob, chosen)
    client.force_login(bob)
    page = page_of(client, asks_for=asks_for, **headers)
    assert (GERMAN in page, ENGLISH in page) == (chosen == "de", chosen != "de")


def test_it_is_chosen_in_the_settings(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert '<option value="de">Deutsch</option>' in page_of(client, "/accounts/settings/")
    page = text_of(client.post("/accounts/settings/", {"language": "de"}, follow=True))
    assert '<option value="de" selected>Deutsch</option>' in page
    assert '<html lang="de"' in page
    page = text_of(client.post("/accounts/settings/", {"language": ""}, follow=True))
    assert '<html lang="en-gb"' in page


def test_no_other_can_be_chosen(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.post("/accounts/settings/", {"language": "fr"}).status_code == 422
    with pytest.raises(IntegrityError, match="language_is_known"):
        choose(bob, "fr")


def test_before_anybody_is_known_the_browser_decides(client: Client, bob: User) -> None:
    choose(bob, "en-gb")
    assert '<html lang="de"' in page_of(client, LOGIN, "de")
    refused = client.post(LOGIN, {"username": "bob", "password": "wrong"}, headers={"Accept-Language": "de"})
    assert "Please enter a correct username" not in text_of(refused)
    missing = client.get("/nothing/here/", headers={"Accept-Language": "de"})
    assert "Page not found" not in text_of(missing)


def test_a_cache_is_told_what_the_page_depends_on(client: Client) -> None:
    assert "Accept-Language" in client.get(LOGIN)["Vary"]
    assert "Accept-Language" not in client.get("/health/live/").get("Vary", "")


@pytest.mark.parametrize("path", ["/api/v1/orders", "/api/v1/nothing", "/api/v1/docs", "/webhooks/nobody/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_programs_are_answered_in_english(client: Client, bob: User, path: str, method: str) -> None:
    choose(bob, "de")
    client.force_login(bob)
    german, english = (getattr(client, method)(path, headers={"Accept-Language": asked}) for asked in ("de", "en"))
    assert german.status_code == english.status_code
    token = r'(?<="csrfmiddlewaretoken" value=)"\w+"|(?<=X-CSRFToken": )"\w+"'
    assert re.sub(token, "", text_of(german)) == re.sub(token, "", text_of(english))


def test_people_side_by_side_get_their_own(client: Client, bob: User, dana: User, make_order: MakeOrder) -> None:
    order = make_order()
    choose(bob, "de")
    others = Client()
    client.force_login(bob)
    others.force_login(dana)
    for path in ("/", "/orders/", "/orders/?live=1", "/orders/review/", f"{order.get_absolute_url()}status/"):
        for _ in range(2):
            german, english = (page_of(each, path) for each in (client, others))
            assert ENGLISH not in german, path
            assert GERMAN not in english, path


@pytest.mark.parametrize("path", ["", "refund/"])
def test_the_first_reasons_are_translated_and_those_of_the_shop_are_not(
    client: Client, bob: User, make_order: MakeOrder, path: str
) -> None:
    order = make_order("COMPLETED" if path else "PENDING_MANUAL_APPROVAL")
    Reason.objects.filter(code__in=["WRONG_PRICE", "GOODWILL"]).update(words="Shop's own words")
    choose(bob, "de")
    client.force_login(bob)
    url = f"{order.get_absolute_url()}{path}"
    page = html.unescape(text_of(client.post(url) if path else client.get(url)))
    assert ("Kulanz" in page, "Shop's own words" in page) == (False, True)
    first, german = ("Not received", "Nicht angekommen") if path else ("Suspected fraud", "Betrugsverdacht")
    assert (first in page, german in page) == (False, True)


@pytest.mark.parametrize("chosen", ["", "en-gb", "de"])
def test_e_mails_are_in_it_too(bob: User, make_order: MakeOrder, settings: Settings, chosen: str) -> None:
    settings.SENDS_MAIL = True
    bob.email = "bob@example.com"
    bob.save()
    choose(bob, chosen)
    source: dict[str, Any] = {"kind": "NEEDS_APPROVAL", "source": "event-1", "order": make_order()}
    Notice.objects.create(account=bob, mail_due_at=database_now(), **source)
    write_due()
    companion.send_mail()
    letter: Any
    (letter,) = outbox.outbox
    is_german = chosen == "de"
    assert ("Guten Tag bob" in letter.body, "Hello bob" in letter.body) == (is_german, not is_german)
    page = letter.alternatives[0][0]
    assert f'<html lang="{"de" if is_german else "en-gb"}"' in page
    assert letter.extra_headers["Content-Language"] == ("de" if is_german else "en-gb")
