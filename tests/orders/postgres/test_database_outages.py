"""What the web answers while PostgreSQL is stopped, away, full or read-only: real servers, really stopped."""

import contextlib
import http.client
import http.cookiejar
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest
from django.db.backends.base.creation import TEST_DATABASE_PREFIX

from console.stack.postgres import SYSTEM_USER
from tests.asking import HTMX
from tests.database import started_postgres
from tests.forked import run_python
from tests.programs import free_port
from tests.waiting import wait_until
from tests.web import collect_static_files, started_web

SUPERUSER = {"DJANGO_SUPERUSER_PASSWORD": "correct-horse", "DJANGO_SUPERUSER_EMAIL": "dana@example.com"}
END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'order-console'"


@dataclass
class Answer:
    """What the web server said."""

    status: int
    text: str
    headers: http.client.HTTPMessage
    seconds: float

    @property
    def json(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.text)
        return facts


@dataclass
class Server:
    """A web server, the PostgreSQL behind it, and a browser that is signed in."""

    port: int
    url: str
    postmaster: int
    data: Path
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(self, path: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask for a page, or send a form."""
        token = {cookie.name: cookie.value or "" for cookie in self.cookies}.get("csrftoken", "")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode() if fields else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers or {})
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        started_at = monotonic()
        try:
            response = opener.open(request, timeout=120)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read().decode()
            return Answer(response.status, text, response.headers, monotonic() - started_at)

    def sql(self, *statements: str) -> None:
        """Do something to the database, as its administrator."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    @contextlib.contextmanager
    def stopped(self, *, is_postmaster_only: bool = False) -> Iterator[None]:
        """Stop PostgreSQL's processes as SIGSTOP does: it keeps its sockets and says nothing."""
        children = subprocess.run(["pgrep", "-P", str(self.postmaster)], capture_output=True, text=True).stdout
        pids = [self.postmaster, *([] if is_postmaster_only else map(int, children.split()))]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, migrated_folder: Path) -> Iterator[Server]:
    """Start a PostgreSQL and a web server of this module's own: what is done to them is done to nobody else."""
    with started_postgres(migrated_folder) as postgres:
        url = f"postgresql://postgres@/{TEST_DATABASE_PREFIX}postgres?host={postgres['HOST']}"
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "console.settings"} | SUPERUSER
        environment["STATIC_ROOT"] = str(tmp_path_factory.mktemp("static"))
        done = run_python(("manage.py", "createsuperuser", "--no-input", "--username", "dana"), environment)
        assert done.returncode == 0, done.stderr
        collect_static_files(environment)
        port, data = free_port(), Path(postgres["HOST"])
        found = Server(port, url, int((data / "postmaster.pid").read_text().split()[0]), data)
        with started_web(environment | {"WEB_PROCESSES": "1", "DEBUG": "false"}, port):
            wait_until(lambda: lives(found), what="the web server")
            found.ask("/accounts/login/")
            found.ask("/accounts/login/", {"username": "dana", "password": SUPERUSER["DJANGO_SUPERUSER_PASSWORD"]})
            assert found.ask("/orders/").status == 200
            yield found


def lives(server: Server) -> bool:
    try:
        return server.ask("/health/live/").status == 200
    except OSError:
        return False


@pytest.fixture(autouse=True)
def _well_again(server: Server) -> Iterator[None]:
    yield
    wait_until(lambda: server.ask("/health/ready/").status == 200, what="readiness after the fault")
    assert server.ask("/orders/").status == 200


def test_with_a_database_that_answers_it_is_ready(server: Server) -> None:
    assert server.ask("/health/ready/").json["database"] == "ok"


@pytest.mark.parametrize("is_postmaster_only", [False, True], ids=["all", "postmaster"])
def test_a_stopped_database_holds_neither_probes_nor_pages(server: Server, is_postmaster_only: bool) -> None:
    with server.stopped(is_postmaster_only=is_postmaster_only):
        ready = server.ask("/health/ready/")
        assert (ready.status, ready.json["database"]) == (503, "does not answer")
        assert ready.seconds < 15
        assert server.ask("/health/live/").seconds < 8
        if is_postmaster_only:
            return  # the connections that are there still answer
        page = server.ask("/orders/")
        assert page.status == 503
        assert page.seconds < 20
        assert "The database is not responding." in page.text
        assert page.headers["Retry-After"] == "5"
        assert "no-store" in page.headers["Cache-Control"]


def test_a_crowd_at_a_stopped_database_leaves_room_for_probes(server: Server) -> None:
    """More pages at once than the server has threads, all with a connection that was fine a moment ago."""
    with server.stopped():
        answers: list[Answer] = []
        crowd = [threading.Thread(target=lambda: answers.append(server.ask("/orders/"))) for _ in range(24)]
        for visitor in crowd:
            visitor.start()
        ready = server.ask("/health/ready/")
        assert ready.status == 503
        assert ready.seconds < 15
        for visitor in crowd:
            visitor.join()
        assert {answer.status for answer in answers} == {503}
        assert max(answer.seconds for answer in answers) < 50
        # By now the server is known to be silent, and nobody waits for it.
        assert server.ask("/health/ready/").seconds < 9
        late = [server.ask("/orders/").seconds for _ in range(4)]
        assert sorted(late)[1] < 4, late


def test_a_database_that_is_away_is_told_at_once(server: Server) -> None:
    door = server.data / ".s.PGSQL.5432"
    hidden = door.with_name("hidden")
    server.sql(END_SESSIONS)
    door.rename(hidden)
    try:
        ready, page = server.ask("/health/ready/"), server.ask("/orders/")
        assert (ready.status, ready.json["database"]) == (503, "away")
        assert page.status == 503
        assert "The database cannot be reached." in page.text
        assert ready.seconds + page.seconds < 8
    finally:
        hidden.rename(door)


def test_sessions_that_are_ended_cost_one_answer_at_most(server: Server) -> None:
    server.sql(END_SESSIONS)
    assert server.ask("/orders/").status == 200, "the health check makes a new connection"


def test_a_fragment_gets_the_sentence_alone(server: Server) -> None:
    with server.stopped():
        fragment = server.ask("/orders/", headers=HTMX)
    assert fragment.status == 503
    assert fragment.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert fragment.text.startswith("The database is not responding.")


def new_order(server: Server, name: str) -> dict[str, str]:
    """Return the fields of a new order, as the form sends them."""
    page = server.ask("/orders/new/").text
    key = re.search(r'name="idempotency_key" value="([^"]+)"', page)
    assert key
    return {
        "idempotency_key": key[1],
        "customer_name": name,
        "customer_email": "emma@example.com",
        "address_line": "Long Street 1",
        "address_postcode": "10115",
        "address_city": "Berlin",
        "address_country": "DE",
        "currency": "EUR",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-sku": "MUG-1",
        "lines-0-description": "Mug",
        "lines-0-quantity": "1",
        "lines-0-unit_price": "12.50",
        "step": "submit",
    }


def fields_of(page: str) -> dict[str, str]:
    """Return what the page would send again."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))


@contextlib.contextmanager
def full_disk(server: Server) -> Iterator[Path]:
    """Have the console's tables on a disk of their own without a byte left; reading goes on."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: a disk can be mounted, and filled, by root alone")
    disk = Path(tempfile.mkdtemp(prefix="console-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode:
        disk.rmdir()
        pytest.skip(f"NOT TESTED: no disk can be mounted here: {mounted.stderr.strip()}")
    try:
        tables = disk / "tables"
        tables.mkdir()
        shutil.chown(tables, SYSTEM_USER)
        server.sql(
            f"CREATE TABLESPACE small LOCATION '{tables}'",
            "ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE small",
            "ALTER INDEX ALL IN TABLESPACE pg_default SET TABLESPACE small",
        )
        try:
            yield disk
        finally:
            (disk / "filling").unlink(missing_ok=True)
            server.sql(
                "ALTER TABLE ALL IN TABLESPACE small SET TABLESPACE pg_default",
                "ALTER INDEX ALL IN TABLESPACE small SET TABLESPACE pg_default",
                "CHECKPOINT",
                "DROP TABLESPACE small",
            )
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def fill(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_on_a_full_disk_reading_goes_on_and_what_was_typed_is_kept(server: Server) -> None:
    with full_disk(server) as disk:
        fields = new_order(server, 'Zoë "Quote" O\'Hara')
        fill(disk)
        # The probe believes the write of a moment ago for a while.
        wait_until(lambda: server.ask("/health/ready/").status == 503, what="the probe's next write")
        assert server.ask("/health/ready/").json["database"] == "cannot write"
        assert server.ask("/orders/").status == 200
        answer = try_until_refused(server, fields)
        assert answer.status == 503
        assert "The database cannot save changes" in answer.text
        assert "Zoë &quot;Quote&quot; O&#x27;Hara" in answer.text
        kept = fields_of(answer.text)
        assert kept.keys() >= fields.keys()
        (disk / "filling").unlink()
        wait_until(lambda: server.ask("/health/ready/").status == 200, what="readiness with room again")
        again = server.ask("/orders/new/", fields | {"idempotency_key": kept["idempotency_key"]})
        assert again.status == 200
        assert "was submitted" in again.text


def try_until_refused(server: Server, fields: dict[str, str]) -> Answer:
    """Submit orders until the room that the tables still have is used up, and return the answer to the last."""
    for number in range(2000):
        answer = server.ask("/orders/new/", fields | {"idempotency_key": f"filler-{number}"})
        if answer.status != 200:
            return answer
    raise AssertionError("the tables still have room")


def test_a_read_only_database_is_told_as_one(server: Server) -> None:
    fields = new_order(server, "Emma Example")
    server.sql("ALTER ROLE postgres SET default_transaction_read_only = on", END_SESSIONS)
    try:
        wait_until(lambda: server.ask("/health/ready/").status == 503, what="the probe's next write")
        assert server.ask("/health/ready/").json["database"] == "cannot write"
        assert server.ask("/orders/").status == 200
        answer = server.ask("/orders/new/", fields)
        assert (answer.status, fields_of(answer.text)["customer_name"]) == (503, "Emma Example")
    finally:
        server.sql("SET default_transaction_read_only = off", "ALTER ROLE postgres RESET ALL", END_SESSIONS)
