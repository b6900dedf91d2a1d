"""How long one stays signed in: 12 hours at most, 30 minutes without a sign of life."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from console import access
from console.accounts.sessions import note_activity
from tests.asking import HTMX, LOGIN, leads_to_login, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
PAGE = "/orders/new/"
Wait = Callable[..., None]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Wait:
    """Return a function that lets time pass for everything that asks Django what time it is."""
    real, passed = timezone.now, timedelta()

    def let_pass(**time: float) -> None:
        nonlocal passed
        passed += timedelta(**time)
        monkeypatch.setattr(timezone, "now", lambda: real() + passed)

    return let_pass


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    """Alice's browser."""
    client.force_login(alice)
    return client


class TestIdle:
    def test_after_half_an_hour_of_nothing_one_is_signed_out(self, alices: Client, wait: Wait) -> None:
        wait(minutes=29, seconds=50)
        assert alices.get(PAGE).status_code == 200
        wait(minutes=29)
        assert alices.get(PAGE).status_code == 200
        wait(minutes=30)
        assert alices.get(PAGE)["Location"] == leads_to_login(PAGE)

    def test_signing_in_again_is_explained_and_leads_on(self, alices: Client, wait: Wait) -> None:
        wait(minutes=31)
        page = text_of(alices.get(PAGE, follow=True))
        assert "You were signed out: you were inactive for 30 minutes." in page
        assert f'name="next" value="{PAGE}"' in page

    @pytest.mark.parametrize("poll", ["/orders/{}/status/", "/orders/?live=1&rows={}"])
    def test_a_page_that_asks_by_itself_is_no_sign_of_life(
        self, alices: Client, make_order: MakeOrder, wait: Wait, poll: str
    ) -> None:
        order = make_order()
        for _ in range(7):
            assert alices.get(poll.format(order), headers=HTMX).status_code in {200, 204}
            wait(minutes=4, seconds=30)
        response = alices.get(poll.format(order), headers=HTMX)
        assert response.status_code == 401
        assert "you were inactive for 30 minutes" in text_of(alices.get(LOGIN))

    @pytest.mark.parametrize("path", ["/orders/", "/orders/?q=emma", "/orders/new/", "/admin/"])
    def test_what_a_person_asks_for_is_one(self, alices: Client, alice: User, wait: Wait, path: str) -> None:
        User.objects.filter(pk=alice.pk).update(is_staff=True)
        for headers in ({}, HTMX):
            wait(minutes=20)
            assert alices.get(path, headers=headers).status_code == 200
        wait(minutes=20)
        assert alices.get(PAGE).status_code == 200

    def test_a_poll_is_no_sign_of_life(
        self,
        alices: Client,
        make_order: MakeOrder,
        wait: Wait,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        order = make_order()
        wait(minutes=5)
        with django_assert_max_num_queries(20) as queries:
            alices.get(f"/orders/{order}/status/", headers=HTMX)
        written = [query["sql"] for query in queries.captured_queries if 'UPDATE "django_session"' in query["sql"]]
        assert written == []

    def test_signs_of_life_in_quick_succession_cost_one_write(
        self, alices: Client, wait: Wait, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        wait(minutes=1)
        with django_assert_max_num_queries(40) as queries:
            for _ in range(5):
                alices.get(PAGE)
        assert len([query for query in queries.captured_queries if "UPDATE" in query["sql"]]) == 1

    def test_pages_can_be_read_while_the_database_takes_no_changes(self, alices: Client, wait: Wait) -> None:
        wait(minutes=1)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET TRANSACTION READ ONLY")
        assert alices.get(PAGE).status_code == 200

    def test_signing_out_in_another_tab_meanwhile_is_no_error(
        self, alices: Client, wait: Wait, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wait(minutes=1)

        def sign_out_first(*args: Any) -> None:
            Session.objects.all().delete()
            note_activity(*args)

        monkeypatch.setattr(access, "note_activity", sign_out_first)
        assert alices.get(PAGE).status_code == 200


class TestLength:
    def test_after_twelve_hours_one_is_signed_out_whatever_one_does(self, alices: Client, wait: Wait) -> None:
        for _ in range(35):
            wait(minutes=20)
            assert alices.get(PAGE).status_code == 200
        wait(minutes=20)
        page = text_of(alices.get(PAGE, follow=True))
        assert "You were signed out: a session lasts at most 12 hours." in page

    def test_signing_in_begins_a_new_one(self, client: Client, alice: User, wait: Wait) -> None:
        for _ in range(2):
            client.post(LOGIN, {"username": "alice", "password": "demo"})
            wait(minutes=25)
            client.get(PAGE)
            client.post("/accounts/logout/")
            wait(hours=6)

    def test_a_session_from_before_the_limits_begins_now(self, alices: Client, wait: Wait) -> None:
        session = alices.session
        for name in ("signed_in_at", "last_active_at"):
            del session[name]
        session.save()
        for _ in range(36):
            assert alices.get(PAGE).status_code == 200
            wait(minutes=20)
        assert alices.get(PAGE).status_code == 302


class TestEnd:
    def test_an_ended_session_shows_nothing_on_any_page(self, alices: Client, wait: Wait) -> None:
        wait(hours=1)
        assert "alice" not in text_of(alices.get("/nonsense/"))

    def test_it_is_gone_from_the_database(self, alices: Client, wait: Wait) -> None:
        wait(hours=1)
        alices.get(PAGE)
        assert not Session.objects.exists()

    def test_old_ones_are_removed_when_somebody_signs_in(self, alices: Client, dana: User, wait: Wait) -> None:
        wait(hours=13)
        Client().force_login(dana)
        assert Session.objects.count() == 1

    def test_who_is_deactivated_is_out_at_once_and_stays_out(self, alices: Client, alice: User) -> None:
        User.objects.filter(pk=alice.pk).update(is_active=False)
        assert alices.get(PAGE).status_code == 302
        User.objects.filter(pk=alice.pk).update(is_active=True)
        assert alices.get(PAGE).status_code == 302

    def test_signing_out_of_an_ended_session_leads_to_signing_in(self, alices: Client, wait: Wait) -> None:
        wait(hours=1)
        assert alices.post("/accounts/logout/")["Location"] == LOGIN

    def test_the_session_id_changes_with_signing_in(self, client: Client, alice: User) -> None:
        """An id that somebody else has put into the browser is worth nothing afterwards."""
        client.get(LOGIN)
        client.cookies["sessionid"] = "a" * 32
        client.post(LOGIN, {"username": "alice", "password": "demo"})
        assert client.cookies["sessionid"].value != "a" * 32
        assert not Session.objects.filter(session_key="a" * 32).exists()
