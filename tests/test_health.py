"""/health/live/ and /health/ready/: for probes."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from console.views import health
from orders import temporal

LIVE, READY = "/health/live/", "/health/ready/"


class Broken:
    """A database that is away."""

    def cursor(self) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed: password is hunter2")


def test_live_needs_no_database(client: Client) -> None:
    response = client.get(LIVE)
    assert (response.status_code, response.json()) == (200, {"status": "live"})


def test_live_does_not_even_read_a_session(
    client: Client, bob: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(bob)
    with django_assert_num_queries(0):
        assert client.get(LIVE).status_code == 200


@pytest.mark.django_db
def test_ready_without_temporal_is_ready_and_says_so(client: Client) -> None:
    response = client.get(READY)
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "database": "ok",
        "temporal": "away",
        "clock": "ok",
        "workers": "not ready",
    }


@pytest.mark.django_db
def test_ready_with_everything(client: Client, temporal_server: str) -> None:
    response = client.get(READY)
    assert (response.status_code, response.json()["temporal"]) == (200, "ok")


@pytest.mark.django_db
def test_a_temporal_that_hangs_does_not_hold_the_probe(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(temporal, "check_server", lambda: released.wait(30))
    monkeypatch.setattr(health, "TEMPORAL_SECONDS", 0.05)
    try:
        assert [client.get(READY).json()["temporal"] for _ in range(3)] == ["away", "away", "away"]
        assert health._asker._work_queue.qsize() <= 2, "questions pile up"
    finally:
        released.set()


def test_without_a_database_it_is_not_ready_and_tells_no_secrets(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "connection", Broken())
    response = client.get(READY)
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "database": "away",
        "temporal": "away",
        "clock": "unknown",
        "workers": "unknown",
    }


@pytest.mark.parametrize("path", [LIVE, READY])
def test_no_answer_is_kept(client: Client, path: str, db: None) -> None:
    assert "no-store" in client.get(path)["Cache-Control"]
    assert "Set-Cookie" not in client.get(path)


@pytest.mark.parametrize("path", [LIVE, READY])
def test_they_cannot_be_posted_to(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
