"""A connection pooler between the console and PostgreSQL: PgBouncer, giving sessions or transactions."""

import os
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pytest
from django.db import OperationalError, connection

from orders.decisions import decide
from orders.postgres.address import database_from_url
from orders.postgres.base import DatabaseWrapper
from orders.postgres.limits import UNLIMITED, Limits
from orders.states import Status
from tests.making import make_user, submit
from tests.pooler import needs_pooler, started_pooler
from tests.programs import end_open_runs, free_port, started_workers, terminate
from tests.waiting import wait_for_status, wait_until
from tests.web import started_web

pytestmark = [needs_pooler, pytest.mark.django_db(transaction=True)]

WEB, WORKER = Limits(10, 3, 10), Limits(4, 3, 10)


@pytest.fixture(scope="module", params=["session", "transaction"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def pooled_url(mode: str, django_db_setup: None, postgres: dict[str, Any]) -> Iterator[str]:
    """Return the test database's address by way of the pooler."""
    # Every client keeps a session of its own, or two sessions serve them all.
    size = {"session": 80, "transaction": 2}[mode]
    with started_pooler(postgres["HOST"], postgres["PORT"], mode=mode, pool_size=size) as port:
        yield f"postgresql://anybody@127.0.0.1:{port}/{connection.settings_dict['NAME']}"


@pytest.fixture
def connect(pooled_url: str) -> Iterator[Callable[..., DatabaseWrapper]]:
    """Return a function that makes a connection of Django's through the pooler."""
    made = []

    def make(limits: Limits = WEB, *, with_pool: bool = False) -> DatabaseWrapper:
        settings = connection.settings_dict | database_from_url(pooled_url, with_pool=with_pool, limits=limits)
        wrapper = DatabaseWrapper(settings)
        made.append(wrapper)
        return wrapper

    yield make
    for wrapper in made:
        wrapper.close()
        wrapper.close_pool()


def show(wrapper: DatabaseWrapper, name: str = "statement_timeout") -> str:
    with wrapper.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


def test_limits_are_in_force_for_single_statements_and_in_transactions(
    connect: Callable[..., DatabaseWrapper],
) -> None:
    wrapper = connect(Limits(4, 2, 7))
    expected = {"statement_timeout": "4s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "7s"}
    assert {name: show(wrapper, name) for name in expected} == expected
    wrapper.set_autocommit(False)
    assert {name: show(wrapper, name) for name in expected} == expected
    wrapper.rollback()
    wrapper.set_autocommit(True)


@pytest.mark.parametrize("with_pool", [False, True], ids=["web", "worker"])
def test_a_statement_is_really_ended(connect: Callable[..., DatabaseWrapper], with_pool: bool) -> None:
    wrapper, started_at = connect(Limits(0.3, 3, 10), with_pool=with_pool), monotonic()
    with pytest.raises(OperationalError, match="statement timeout"), wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")
    assert monotonic() - started_at < 15


def test_clients_with_other_limits_never_meet_each_others(connect: Callable[..., DatabaseWrapper]) -> None:
    web, worker, migration = connect(WEB), connect(WORKER), connect(UNLIMITED)
    for _ in range(5):
        assert (show(web), show(worker), show(migration)) == ("10s", "4s", "0")


def test_a_peer_that_vanished_is_noticed_by_tcp(connect: Callable[..., DatabaseWrapper]) -> None:
    wrapper = connect()
    wrapper.ensure_connection()
    with socket.socket(fileno=os.dup(wrapper.connection.fileno())) as line:
        options = {
            name: line.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}"))
            for name in ("USER_TIMEOUT", "KEEPIDLE", "KEEPINTVL", "KEEPCNT")
        }
    assert options == {"USER_TIMEOUT": 10_000, "KEEPIDLE": 5, "KEEPINTVL": 2, "KEEPCNT": 3}


def test_many_rows_are_read_in_pieces(connect: Callable[..., DatabaseWrapper]) -> None:
    wrapper, other = connect(), connect()
    with wrapper.chunked_cursor() as cursor:
        cursor.execute("SELECT generate_series(1, 5000)")
        numbers = [row[0] for row in cursor.fetchmany(2000)]
        other.set_autocommit(False)
        show(other)  # it has the session now that the first part was read in
        numbers += [row[0] for row in cursor.fetchall()]
    other.rollback()
    other.set_autocommit(True)
    assert numbers == list(range(1, 5001))


@pytest.mark.parametrize(
    ("program", "timeout"),
    [({"DATABASE_STATEMENT_TIMEOUT": "10"}, "10s"), ({"DATABASE_POOL": "true"}, "4s"), ({}, "0")],
    ids=["web", "workers", "commands"],
)
def test_programs_have_the_limits_of_their_kind(
    pooled_url: str,
    run_command: Callable[..., subprocess.CompletedProcess[str]],
    program: dict[str, str],
    timeout: str,
) -> None:
    ask = (
        "from django.db import connection, transaction\n"
        "def show():\n"
        "    with connection.cursor() as cursor:\n"
        "        cursor.execute('SHOW statement_timeout')\n"
        "        return cursor.fetchone()[0]\n"
        "with transaction.atomic():\n"
        "    inside = show()\n"
        "print(show(), inside)\n"
    )
    result = run_command("shell", "-v0", "-c", ask, DATABASE_URL=pooled_url, **program)
    assert (result.returncode, result.stdout.split()) == (0, [timeout, timeout]), result.stderr


def test_the_whole_stack_works_through_it(
    pooled_url: str,
    temporal_server: str,
    program_environment: dict[str, str],
    run_command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert run_command("migrate", "-v0", DATABASE_URL=pooled_url).stderr == ""
    port, environment = free_port(), program_environment | {"DATABASE_URL": pooled_url}
    try:
        with started_web(environment, port), started_workers(environment):
            wait_until(lambda: is_ready(port), what="the web server")
            carried, closed = submit(1), submit(2)
            for order in (carried, closed):
                wait_for_status(order, Status.PENDING_MANUAL_APPROVAL)
            assert is_ready(port)
            decide.approve_order(carried, actor=make_user("bob", "approver"))
            terminate(temporal_server, closed.order_id)
            wait_for_status(carried, Status.COMPLETED)
            wait_for_status(closed, Status.CANCELLED, seconds=60)
            outsider = run_command("order", "start", "--json", DATABASE_URL=pooled_url)
            assert outsider.returncode == 0, outsider.stderr
    finally:
        end_open_runs(temporal_server)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_work_for_one_process_is_done_by_one(
    pooled_url: str, run_command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Two processes at the same two sessions: the lock of a session would be taken by both."""
    ask = (
        "import time\n"
        "from orders.postgres.leases import hold_lease\n"
        "with hold_lease('work', seconds=30) as lease:\n"
        "    print(lease is not None)\n"
        "    time.sleep(2 if lease else 0)\n"
    )
    answers = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(run_command("shell", "-v0", "-c", ask, DATABASE_URL=pooled_url).stdout)
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["False\n", "False\n", "True\n"]
