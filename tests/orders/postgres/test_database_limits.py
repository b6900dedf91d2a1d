"""orders.postgres: the limits of statements, and the bounds of waiting for a server that says nothing."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.commands import flush, migrate
from django.db import OperationalError, connection, transaction
from psycopg import sql

from orders.models import Lease
from orders.postgres import connections
from orders.postgres.base import DatabaseWrapper
from orders.postgres.connections import BoundedConnection
from orders.postgres.faults import ServerSilent
from orders.postgres.limits import UNLIMITED, Limits
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LIMITS = Limits(statement=5, lock=2, idle_in_transaction=7)
SHOW = "SHOW statement_timeout"


@pytest.fixture(autouse=True)
def _limited() -> Iterator[None]:
    database: Any = connection
    before = database.limits
    database.limit(LIMITS)
    yield
    connection.close()
    database.limit(before)


def ask(query: Any, params: Any = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()[0]


class TestLimits:
    def test_they_are_in_force_in_and_out_of_transactions_and_after_a_savepoint(self) -> None:
        assert ask(SHOW) == "5s"
        with transaction.atomic():
            with transaction.atomic():
                assert ask(SHOW) == "5s"
                transaction.set_rollback(True)
            assert (ask(SHOW), ask("SHOW lock_timeout")) == ("5s", "2s")
        assert ask("SHOW idle_in_transaction_session_timeout") == "7s"

    @pytest.mark.parametrize("query", [SHOW, SHOW.encode(), sql.SQL(SHOW)], ids=["text", "bytes", "composed"])
    def test_a_query_may_have_any_form(self, query: Any) -> None:
        cursor = connection.cursor().cursor
        cursor.execute(query)
        assert cursor.fetchone() == ("5s",)

    def test_the_answer_is_that_of_the_query(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO orders_lease VALUES (%s, '100%%', now()), ('b', '', now())", ["a; b"])
            assert cursor.rowcount == 2
            cursor.execute("SELECT name, holder FROM orders_lease WHERE name = %s", ["a; b"])
            assert [column.name for column in cursor.description or ()] == ["name", "holder"]
            assert cursor.fetchall() == [("a; b", "100%")]

    def test_several_rows_at_once_are_one_transaction(self) -> None:
        rows = [("a",), ("b",), ("a",)]
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.cursor().cursor.executemany("INSERT INTO orders_lease VALUES (%s, '', now())", rows)
        assert not Lease.objects.exists()
        connection.cursor().cursor.executemany("INSERT INTO orders_lease VALUES (%s, '', now())", rows[:2])
        assert Lease.objects.count() == 2

    def test_rows_read_in_pieces_within_a_transaction_are_bounded_too(self) -> None:
        with transaction.atomic():
            assert list(Lease.objects.all().iterator()) == []
            assert ask(SHOW) == "5s"

    def test_nothing_is_left_in_the_session(self) -> None:
        connection.ensure_connection()
        ask(SHOW)
        connection.limit(UNLIMITED)  # type: ignore[attr-defined]
        assert ask(SHOW) == "0"

    @pytest.mark.parametrize("command", [migrate, flush])
    def test_work_on_the_tables_takes_what_it_takes(self, command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        limits: list[str] = []

        def look(*arguments: Any, **options: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("CREATE INDEX CONCURRENTLY looked ON orders_lease (holder)")
                cursor.execute("DROP INDEX looked")
            with transaction.atomic():
                limits.append(ask(SHOW))

        monkeypatch.setattr(command.Command, "handle", look)
        call_command(command.__name__.rpartition(".")[2], verbosity=0, interactive=False)
        assert (limits, ask(SHOW)) == (["0"], "5s")


@pytest.fixture
def stopped_session() -> Iterator[None]:
    """Stop the server's process behind this thread's connection."""
    pid = ask("SELECT pg_backend_pid()")
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


class TestSilence:
    def test_a_statement_without_an_answer_is_given_up(self, stopped_session: None) -> None:
        connection.limit(Limits(statement=0.5))  # type: ignore[attr-defined]
        started_at = monotonic()
        with pytest.raises(OperationalError) as caught:
            ask(SHOW)
        assert isinstance(caught.value.__cause__, ServerSilent)
        assert 0.9 < monotonic() - started_at < 10
        connection.close()
        assert ask("SELECT 1") == 1

    def test_a_transaction_without_an_answer_can_be_left(self, stopped_session: None) -> None:
        connection.limit(Limits(statement=0.5))  # type: ignore[attr-defined]
        with pytest.raises(OperationalError), transaction.atomic():
            ask(SHOW)
        assert ask("SELECT 1") == 1

    def test_the_next_request_gets_another_connection(
        self, stopped_session: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("orders.postgres.base.HEALTH_SECONDS", 0.3)
        connection.health_check_enabled = True  # type: ignore[attr-defined]
        connection.close_if_unusable_or_obsolete()
        started_at = monotonic()
        assert ask("SELECT 1") == 1
        assert monotonic() - started_at < 10

    def test_a_slow_answer_within_the_limit_is_waited_for(self) -> None:
        assert ask("SELECT 1 FROM pg_sleep(1.2)") == 1


class TestPool:
    """Whether a pooled connection lives is asked only where its line does not tell."""

    @pytest.fixture
    def pooled(self) -> Iterator[DatabaseWrapper]:
        settings = dict(connection.settings_dict)
        settings |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}
        settings["OPTIONS"] = {**settings["OPTIONS"], "limits": LIMITS, "pool": {"min_size": 1, "timeout": 8}}
        wrapper = DatabaseWrapper(settings)
        yield wrapper
        wrapper.close()
        wrapper.close_pool()

    @pytest.fixture
    def session(self, pooled: DatabaseWrapper) -> int:
        """Return the process that serves the connection of the pool, which has just been given back."""
        session = self.ask(pooled)
        pooled.close()
        return session

    def ask(self, pooled: DatabaseWrapper) -> int:
        with pooled.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (session,) = cursor.fetchone()
        return int(session)

    def find_last_statement(self, session: int) -> str:
        """Return what PostgreSQL was asked last by the connection, whose own process is not asked for it."""
        return str(ask("SELECT query FROM pg_stat_activity WHERE pid = %s", [session]))

    def test_one_that_was_given_back_a_moment_ago_is_not_asked(self, pooled: DatabaseWrapper, session: int) -> None:
        pooled.ensure_connection()

        assert "pg_backend_pid" in self.find_last_statement(session)

    def test_one_that_has_rested_is_asked(
        self, pooled: DatabaseWrapper, session: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "TRUSTED_SECONDS", 0)
        pooled.ensure_connection()

        assert self.find_last_statement(session) == ""

    def test_one_that_was_cut_is_replaced(self, pooled: DatabaseWrapper, session: int) -> None:
        ask("SELECT pg_terminate_backend(%s, 5000)", [session])

        assert self.ask(pooled) != session

    def test_one_that_has_news_is_asked(self, pooled: DatabaseWrapper, session: int) -> None:
        pooled.ensure_connection()
        pooled.connection.execute("LISTEN news")
        pooled.close()
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY news")

        def is_asked() -> bool:
            pooled.ensure_connection()
            pooled.close()
            return self.find_last_statement(session) == ""

        wait_until(is_asked)
        assert self.ask(pooled) == session

    def test_one_that_says_nothing_is_passed_over(
        self, pooled: DatabaseWrapper, session: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "TRUSTED_SECONDS", 0)
        os.kill(session, signal.SIGSTOP)
        try:
            started_at = monotonic()
            with pooled.cursor() as cursor:
                cursor.execute(SHOW)
                assert cursor.fetchone() == ("5s",)
            assert monotonic() - started_at < connections.HEALTH_SECONDS + 6
        finally:
            os.kill(session, signal.SIGCONT)


class TestWatch:
    """A server that did not take a connection in time is asked by one caller now and then."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        now = [1000.0]
        monkeypatch.setattr(connections, "monotonic", lambda: now[0])
        monkeypatch.setattr(connections, "_watch", connections._Watch())
        return now

    @pytest.fixture
    def dial(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
        """Return a function that connects, and returns whom the server heard of."""
        heard: list[str] = []

        def connect(error: psycopg.Error | None = None, host: str = "db") -> list[str]:
            def answer(conninfo: str = "", **kwargs: Any) -> None:
                heard.append(host)
                if error is not None:
                    raise error

            monkeypatch.setattr(psycopg.Connection, "connect", answer)
            BoundedConnection.connect(host=host)
            return heard

        return connect

    def test_the_others_fail_at_once(self, clock: list[float], dial: Callable[..., list[str]]) -> None:
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            dial(psycopg.errors.ConnectionTimeout())
        for _ in range(3):
            with pytest.raises(ServerSilent):
                dial()
        assert dial(host="another") == ["db", "another"]
        clock[0] += connections.COOL_DOWN_SECONDS
        assert dial() == ["db", "another", "db"]
        assert len(dial()) == 4, "once it has answered, everybody gets in"

    def test_one_caller_tries_again_while_the_others_still_fail(
        self, clock: list[float], dial: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            dial(psycopg.errors.ConnectionTimeout())
        clock[0] += connections.COOL_DOWN_SECONDS
        entered, released = threading.Event(), threading.Event()

        def hang(conninfo: str = "", **kwargs: Any) -> None:
            entered.set()
            released.wait(60)

        monkeypatch.setattr(psycopg.Connection, "connect", hang)
        scout = threading.Thread(target=BoundedConnection.connect, kwargs={"host": "db"})
        scout.start()
        assert entered.wait(60)
        with pytest.raises(ServerSilent):
            BoundedConnection.connect(host="db")
        released.set()
        scout.join()

    def test_a_refusal_is_an_answer(self, clock: list[float], dial: Callable[..., list[str]]) -> None:
        for _ in range(2):
            with pytest.raises(psycopg.OperationalError, match="refused"):
                dial(psycopg.OperationalError("connection refused"))
