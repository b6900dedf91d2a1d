"""Copies are put back: of the local stack, and of PostgreSQL with the very lines of docs/operations.md."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from console.stack.postgres import find_programs
from tests.database import started_postgres
from tests.forked import run_python
from tests.programs import ROOT
from tests.stacks import RunningStack, clean_environment, run
from tests.waiting import wait_until

BACKUP = ("-m", "console.stack.backup")
SAMPLES = {"COMPLETED": 3, "CANCELLED": 4, "PENDING_MANUAL_APPROVAL": 3}


def copy(stack: RunningStack, verb: str, place: Path) -> subprocess.CompletedProcess[str]:
    # What another installation needs must lead nowhere.
    environment = clean_environment(stack.folder) | {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGSERVICE": "other"}
    return run_python((*BACKUP, verb, str(place)), environment)


def count(stack: RunningStack) -> dict[str, int]:
    statuses = stack.statuses()
    return {status: statuses.count(status) for status in set(statuses)}


def ask(stack: RunningStack, statement: str) -> list[str]:
    with psycopg.connect(stack.settings["DATABASE_URL"]) as connection:
        return [row[0] for row in connection.execute(statement)]


def manage(stack: RunningStack, *arguments: str) -> str:
    done = run(clean_environment(stack.folder), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def running(folder: Path) -> Iterator[RunningStack]:
    stack = RunningStack(folder, WEB_PROCESSES="1")
    try:
        stack.wait_until_ready()
        yield stack
    finally:
        assert stack.stop() == 0


WAITING = "SELECT order_id FROM orders_order WHERE status = 'PENDING_MANUAL_APPROVAL' ORDER BY id"
TWICE = "SELECT idempotency_key FROM simulated_gateway_movement WHERE kind = 'CHARGE' GROUP BY 1 HAVING count(*) > 1"


def test_a_copy_of_both_servers_is_put_back_and_goes_on(place: Path) -> None:
    kept = place / "kept"
    with running(place / "stack") as stack:
        wait_until(lambda: count(stack) == SAMPLES, what="the sample orders")
        first, second, _ = ask(stack, WAITING)
        saved = copy(stack, "save", kept)
        assert (saved.returncode, saved.stderr) == (0, "")
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in kept.iterdir()} == {
            "console.dump": "0o600",
            "temporal.db": "0o600",
        }
        assert copy(stack, "save", kept).stderr.endswith("cannot be created (File exists). Choose another one.\n")
        refused = copy(stack, "restore", kept)
        assert refused.returncode == 1
        assert "is running already" in refused.stderr

        # What happens after the copy is lost with a restore.
        manage(stack, "order", "signal", first, "approve", "--by", "bob")
        manage(stack, "order", "start", "--order-id", "order-AFTER0000001")
        wait_until(lambda: count(stack).get("COMPLETED") == 4, what="the approved order")

    assert copy(stack, "save", place / "late").stderr.startswith(f"The stack in {stack.folder} is not running.")
    restored = copy(stack, "restore", kept)
    assert (restored.returncode, restored.stderr) == (0, "")

    with running(place / "stack") as stack:
        assert "Sample orders: unchanged" in stack.output
        assert count(stack) == SAMPLES
        assert ask(stack, "SELECT order_id FROM orders_order WHERE order_id = 'order-AFTER0000001'") == []
        # Temporal knows the orders that wait, and takes a decision on them; both times the same charge is the only one.
        for order_id in (first, second):
            manage(stack, "order", "signal", order_id, "approve", "--by", "bob")
        wait_until(lambda: count(stack).get("COMPLETED") == 5, what="both orders")
        assert ask(stack, TWICE) == []
        manage(stack, "order", "audit")


def test_what_is_no_copy_changes_nothing(place: Path) -> None:
    (place / "empty").mkdir()
    stack = place / "stack"
    for source in ("empty", "nowhere"):
        refused = run_python((*BACKUP, "restore", str(place / source)), clean_environment(stack))
        assert refused.returncode == 1
        assert refused.stderr.startswith("There is neither console.dump nor temporal.db in ")
    assert not stack.exists()
    nameless = run_python((*BACKUP, "restore", ""), clean_environment(stack))
    assert (nameless.returncode, nameless.stderr) == (
        1,
        "Name a folder: make backup TO=folder, make restore FROM=folder.\n",
    )


def test_a_damaged_copy_leaves_what_is_there(place: Path) -> None:
    stack, broken = place / "stack", place / "broken"
    broken.mkdir()
    stack.mkdir(mode=0o700)
    (stack / "lock").touch()
    (stack / "temporal.db").write_bytes(b"what is there")
    (broken / "temporal.db").write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    refused = run_python((*BACKUP, "restore", str(broken)), clean_environment(stack))
    assert refused.returncode == 1
    assert "temporal.db cannot be copied: " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (stack / "temporal.db").read_bytes() == b"what is there"


# What the page tells an operator of Compose to type, with the machine's own PostgreSQL in place of the container's.
PAGE = (ROOT / "docs" / "operations.md").read_text()
# `docker compose exec` runs a program of PostgreSQL; everything else of Compose is written down and done by nobody.
DOCKER = """#!/bin/sh
[ "$1" = compose ] || exit 64
shift
if [ "$1" = exec ]; then
    shift
    while [ "$1" != postgres ]; do shift; done
    shift
    exec "$@"
fi
echo "$*" >> "$DOCKER_LOG"
"""


def block(heading: str) -> str:
    section = PAGE.split(f"### {heading}\n")[1].split("\n### ")[0]
    return re.search(r"```console\n(.*?)```", section, re.DOTALL)[1]  # type: ignore[index]


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A person at the machine of Compose, whose PostgreSQL has the roles that Compose makes; returns what was typed."""
    shim = tmp_path / "bin" / "docker"
    shim.parent.mkdir()
    shim.write_text(DOCKER)
    shim.chmod(0o755)
    log = tmp_path / "docker.log"
    with started_postgres() as server:
        environment = {
            "PATH": f"{shim.parent}:{find_programs()}:{os.defpath}",
            "DOCKER_LOG": str(log),
            "PGHOST": server["HOST"],
            "PGPORT": server["PORT"],
            "CONSOLE_DB_PASSWORD": "console",
            "CONSOLE_APP_DB_PASSWORD": "console_app",
            "TEMPORAL_DB_PASSWORD": "temporal",
        }

        def type_in(script: str) -> str:
            done = subprocess.run(
                ["sh", "-e"], input=script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        type_in((ROOT / "database" / "roles.sh").read_text())
        for name in ("temporal", "temporal_visibility"):
            type_in(f"createdb --username=temporal {name}")
        yield type_in


OWNER = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"


def query(database: str, statement: str, *, role: str = "postgres") -> str:
    return f'psql --username={role} --dbname={database} --tuples-only --no-align -c "{statement}"\n'


def test_the_lines_of_the_page_save_and_restore(operator: Callable[[str], str], tmp_path: Path) -> None:
    for name, role in (("console", "console"), ("temporal", "temporal"), ("temporal_visibility", "temporal")):
        operator(query(name, "CREATE TABLE kept (line text UNIQUE); INSERT INTO kept VALUES ('before')", role=role))
    operator(block("Backing up"))
    for name in ("console", "temporal", "temporal_visibility"):
        assert (tmp_path / f"{name}.dump").stat().st_size > 0
        operator(query(name, "DELETE FROM kept; INSERT INTO kept VALUES ('after')"))

    operator(block("Restoring"))
    for name, role in (("console", "console"), ("temporal", "temporal"), ("temporal_visibility", "temporal")):
        assert operator(query(name, "SELECT line FROM kept", role=role)) == "before\n"
        operator(query(name, "INSERT INTO kept VALUES ('more')", role=role))  # it belongs to its role again
        assert operator(query(name, OWNER)) == f"{role}\n"
        if name == "console":  # and the programs may do what they did
            operator(query(name, "UPDATE kept SET line = 'again' WHERE line = 'more'", role="console_app"))
        assert operator(query(f"{name}_former", "SELECT line FROM kept")) == "after\n"
    stopped, *_, started = (tmp_path / "docker.log").read_text().splitlines()
    assert stopped.startswith("stop proxy web workers")
    assert started == "up --detach"

    # Once more, with the former databases still there.
    operator(block("Restoring"))
    assert operator(query("console", "SELECT line FROM kept")) == "before\n"
