"""/health/live/ and /health/ready/: for probes."""

import threading
from time import monotonic

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import InternalError, OperationalError, connection
from django.test import Client
from psycopg import errors
from pytest_django import DjangoAssertNumQueries

from console.system import health
from orders.engine import temporal
from orders.postgres import database_check, faults
from orders.postgres.database_check import DatabaseCheck, DatabaseState, WriteProbe
from orders.postgres.faults import ServerSilent

LIVE, READY = "/health/live/", "/health/ready/"


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
    monkeypatch.setattr(temporal, "check_server", lambda: released.wait(60))
    monkeypatch.setattr(health, "TEMPORAL_SECONDS", 0.05)
    try:
        assert [client.get(READY).json()["temporal"] for _ in range(3)] == ["away", "away", "away"]
        assert health._temporal_asker._work_queue.qsize() <= 2, "questions pile up"
    finally:
        released.set()


class Broken:
    """A database whose every statement fails in this way."""

    def __init__(self, error: psycopg.Error) -> None:
        self.error = OperationalError("connection to server at 10.0.0.1 failed: password is hunter2")
        self.error.__cause__ = error

    def limit(self, limits: object) -> None: ...

    def cursor(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (psycopg.OperationalError("connection refused"), "away"),
        (errors.CannotConnectNow("starting up"), "away"),
        (errors.TooManyConnections("sorry, too many clients already"), "away"),
        (psycopg.InterfaceError("the connection is closed"), "away"),
        (errors.ConnectionTimeout("connection timeout expired"), "does not answer"),
        (ServerSilent("the server did not answer"), "does not answer"),
        (errors.QueryCanceled("statement timeout"), "does not answer"),
        (errors.DiskFull("could not extend file: No space left on device"), "cannot write"),
        (errors.ReadOnlySqlTransaction("cannot execute TRUNCATE in a read-only transaction"), "cannot write"),
        (errors.UndefinedTable("relation does not exist"), "tables are missing"),
    ],
)
def test_what_is_wrong_with_the_database_is_told_without_secrets(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: psycopg.Error, word: str
) -> None:
    monkeypatch.setattr(database_check, "connection", Broken(error))
    response = client.get(READY)
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "database": word,
        "temporal": "away",
        "clock": "unknown",
        "workers": "unknown",
    }


def test_a_database_that_hangs_does_not_hold_the_probe(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(health, "_look", lambda: released.wait(60))
    monkeypatch.setattr(health, "DATABASE_SECONDS", 0.05)
    try:
        answers = [client.get(READY) for _ in range(3)]
        assert {(answer.status_code, answer.json()["database"]) for answer in answers} == {(503, "does not answer")}
        assert health._database_asker._work_queue.qsize() <= 2, "questions pile up"
    finally:
        released.set()


def test_a_change_is_logged_once(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "_told", DatabaseState.OK)
    states = iter([DatabaseState.SILENT] * 3 + [DatabaseState.OK] * 2)
    monkeypatch.setattr(health, "_look", lambda: health._Seen(next(states)))
    with caplog.at_level("INFO"):
        for _ in range(5):
            client.get(READY)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "readiness: the database is: does not answer"),
        ("INFO", "readiness: the database is: ok"),
    ]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> DatabaseCheck:
    """A check that has not written yet, in a process whose writes have all gone well."""
    monkeypatch.setattr(faults._Refusals, "at", float("-inf"))
    check = DatabaseCheck()
    monkeypatch.setattr(health, "database_check", check)
    return check


@pytest.mark.django_db(transaction=True)
def test_it_writes_now_and_then(client: Client, check: DatabaseCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        assert client.get(READY).status_code == 200
    written = list(WriteProbe.objects.all())
    assert len(written) == 1
    monkeypatch.setattr("orders.postgres.database_check.monotonic", lambda: float("inf"))
    assert client.get(READY).status_code == 200
    assert [row.at > written[0].at for row in WriteProbe.objects.all()] == [True]


@pytest.mark.django_db(transaction=True)
def test_what_a_page_could_not_write_is_believed_for_a_while(
    client: Client, check: DatabaseCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor, pytest.raises(InternalError):
        cursor.execute("SET TRANSACTION READ ONLY; INSERT INTO orders_writeprobe (at) VALUES (now())")
    assert client.get(READY).json()["database"] == "cannot write"
    monkeypatch.setattr("orders.postgres.faults.monotonic", lambda: monotonic() + 16)
    assert client.get(READY).json()["database"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_a_role_without_the_right_to_empty_the_table_is_ready_all_the_same(
    client: Client, check: DatabaseCheck, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE poor; GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor")
        cursor.execute("ALTER DATABASE {} SET role = poor".format(connection.settings_dict["NAME"]))
    try:
        assert client.get(READY).json()["database"] == "ok"
        assert client.get(READY).json()["database"] == "ok"
        assert caplog.text.count("skipped checking") == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER DATABASE {} RESET role".format(connection.settings_dict["NAME"]))
            cursor.execute("DROP OWNED BY poor; DROP ROLE poor")


@pytest.mark.parametrize("path", [LIVE, READY])
def test_no_answer_is_kept(client: Client, path: str, db: None) -> None:
    assert "no-store" in client.get(path)["Cache-Control"]
    assert "Set-Cookie" not in client.get(path)


@pytest.mark.parametrize("path", [LIVE, READY])
def test_they_cannot_be_posted_to(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
