"""`manage.py` as people use it out of habit: without a console, without a database, and for the tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from console.commands import find_test_file
from tests.programs import ROOT
from tests.stacks import clean_environment, run


@pytest.mark.parametrize("command", ["", "migrate", "dbshell", "runserver", "shell", "nonsense"])
def test_without_a_console_it_leads_to_one(command: str, tmp_path: Path) -> None:
    told = run(clean_environment(tmp_path), *command.split())
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("No console is running here")
    assert "make run" in told.stderr
    assert told.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["help", "--help", "help order", "order start --help", "--version"])
def test_help_needs_no_console(command: str, tmp_path: Path) -> None:
    told = run(clean_environment(tmp_path), *command.split())
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout


@pytest.mark.parametrize(
    "command",
    ["migrate", "showmigrations", "runserver 127.0.0.1:0", "dbshell", "order audit", "dumpdata", "loaddata x"],
)
def test_without_a_database_it_says_so_in_a_sentence(command: str, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path) | {"DEBUG": "true", "DATABASE_URL": "postgresql://me:hush@127.0.0.1:1/x"}
    told = run(environment, *command.split())
    assert told.returncode == 1
    last = told.stderr.splitlines()[-1]
    assert "The database cannot be " in last
    assert "make run" in last
    assert "Traceback" not in told.stderr
    assert "hush" not in told.stderr


def test_the_traceback_is_there_for_those_who_ask(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path) | {"DEBUG": "true", "DATABASE_URL": "postgresql://me@127.0.0.1:1/x"}
    assert "Traceback" in run(environment, "migrate", "--traceback").stderr


def test_its_test_command_runs_pytest(tmp_path: Path) -> None:
    told = run(clean_environment(tmp_path), "test", "tests.console.stack.test_notices", "-q")
    assert told.returncode == 0, told.stdout
    assert "passed" in told.stdout


def test_names_in_the_way_of_django_become_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert find_test_file("tests.console.stack.test_manage") == "tests/console/stack/test_manage.py"
    assert find_test_file("tests") == "tests"
    assert find_test_file("--exitfirst") == "--exitfirst"


@pytest.fixture(scope="module")
def empty_database(postgres: dict[str, Any]) -> Iterator[str]:
    """The address of a database to which no migration was applied."""
    server = {"host": postgres["HOST"], "user": postgres["USER"], "dbname": "postgres", "autocommit": True}
    with psycopg.connect(**server) as connection:
        connection.execute("CREATE DATABASE empty_for_commands")
        yield f"postgresql://postgres@/empty_for_commands?host={postgres['HOST']}"
        connection.execute("DROP DATABASE empty_for_commands WITH (FORCE)")


@pytest.mark.parametrize(
    "command",
    ["order audit", "order start", "order query order-1", "runworkers --check", "dumpdata", "flush --no-input",
     "createsuperuser --no-input --username x --email x@example.com", "axes_reset", "clearsessions"],
)  # fmt: skip
def test_without_tables_it_leads_to_the_migrations(command: str, empty_database: str, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path) | {"DEBUG": "true", "DATABASE_URL": empty_database}
    told = run(environment, *command.split())
    assert told.returncode == 1
    assert "tables are missing" in told.stderr
    assert "migrate" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.django_db
def test_looking_at_the_database_first_adds_nothing(program_environment: dict[str, str]) -> None:
    told = run(program_environment | {"DEBUG": "true"}, "dumpdata", "orders.lease")
    assert (told.returncode, told.stderr) == (0, "")
