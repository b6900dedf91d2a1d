"""What the settings refuse, and how a wrong one is told: one sentence, exit code 1, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from console.environment import (
    env,
    is_host_and_port,
    is_http_url_or_empty,
    is_positive,
    is_postgresql_url,
    is_rate,
    read,
)
from console.stack.folder import StackFolder, complete_environment, write_private
from tests.programs import ROOT

PRODUCTION = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "a-long-random-text-that-nobody-else-knows-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "console.example.com",
    "DATABASE_URL": "postgresql://console@127.0.0.1:1/console",
    "STATIC_ROOT": str(ROOT / "static"),
    "STACK_FOLDER": "/nowhere",
}
MANAGE = ("manage.py", "shell", "-v0", "-c", "from django.conf import settings; print(settings.ALLOWED_HOSTS)")
WSGI = ("-c", "import console.wsgi")
GUNICORN = ("-m", "gunicorn", "--check-config", "--config", "python:console.gunicorn_conf", "console.wsgi")


def run(arguments: tuple[str, ...], **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python with production's settings, changed; None takes one away."""
    environment = {name: value for name, value in (PRODUCTION | changes).items() if value is not None}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments", [MANAGE, WSGI, GUNICORN], ids=["manage.py", "wsgi", "gunicorn"])
def test_production_starts_with_a_key_and_hosts(arguments: tuple[str, ...]) -> None:
    result = run(arguments)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [MANAGE, WSGI, GUNICORN], ids=["manage.py", "wsgi", "gunicorn"])
@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_refuses_to_start_without_them(name: str, arguments: tuple[str, ...]) -> None:
    result = run(arguments, **{name: None})
    assert result.returncode == 1
    assert result.stderr.startswith(f"Settings: {name} is not set. ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "maybe", "DEBUG is wrong: "),
        ("DATABASE_URL", "sqlite:///orders.db", "DATABASE_URL is wrong: the scheme 'sqlite' is not postgresql."),
        ("TEMPORAL_ADDRESS", "temporal", "TEMPORAL_ADDRESS is wrong: 'temporal' is not host:port."),
        ("TEMPORAL_UI_URL", "localhost:8233", "TEMPORAL_UI_URL is wrong: 'localhost:8233' is not an http address."),
        ("ORDER_APPROVAL_TIMEOUT", "0", "ORDER_APPROVAL_TIMEOUT is wrong: 0 is not above zero."),
        ("ORDER_APPROVAL_TIMEOUT", "a day", "ORDER_APPROVAL_TIMEOUT is wrong: "),
        ("ORDER_WORKFLOW_TIMEOUT", "3600", "ORDER_WORKFLOW_TIMEOUT is wrong: it must be at least an hour longer"),
        ("FLAKY_FAIL_RATE", "1.5", "FLAKY_FAIL_RATE is wrong: 1.5 is not between 0 and 1."),
        ("FLAKY_HANG_RATE", "1", "FLAKY_FAIL_RATE and FLAKY_HANG_RATE are wrong: together they must stay below 1."),
    ],
)
def test_a_wrong_value_is_one_sentence(name: str, value: str, sentence: str) -> None:
    result = run(WSGI, **{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"Settings: {sentence}")
    assert result.stderr.count("\n") == 1


def test_debug_needs_neither_and_stays_on_this_machine() -> None:
    result = run(MANAGE, SECRET_KEY=None, ALLOWED_HOSTS=None, DEBUG="true")
    assert result.stdout == "['127.0.0.1', 'localhost', '[::1]']\n"


def test_a_running_local_stack_is_found_by_other_commands(tmp_path: Path) -> None:
    folder = StackFolder({"STACK_FOLDER": str(tmp_path)})
    with folder.published({"DATABASE_URL": "postgresql://here/console", "SECRET_KEY": "k"}):
        environment = {"STACK_FOLDER": str(tmp_path), "LOG_LEVEL": "DEBUG"}
        complete_environment(environment, command="order")
        assert environment["DATABASE_URL"] == "postgresql://here/console"
    environment = {"STACK_FOLDER": str(tmp_path)}
    complete_environment(environment, command="order")
    assert "DATABASE_URL" not in environment


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "DEBUG"])
def test_an_installation_of_ones_own_is_left_alone(name: str, tmp_path: Path) -> None:
    write_private(tmp_path / "environment.json", '{"DATABASE_URL": "postgresql://here/console", "SECRET_KEY": "k"}')
    environment = {"STACK_FOLDER": str(tmp_path), name: "mine"}
    complete_environment(environment, command="order")
    assert environment == {"STACK_FOLDER": str(tmp_path), name: "mine"}


def test_a_reader_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NUMBER", "many")
    with pytest.raises(ImproperlyConfigured, match="SOME_NUMBER is wrong: "):
        read(env.int, "SOME_NUMBER")
    assert read(env.int, "ANOTHER_NUMBER", 3, check=is_positive) == 3


def test_checks_complain_in_words() -> None:
    assert is_positive(1) == is_rate(0.5) == is_host_and_port("[::1]:7233") == ""
    assert is_http_url_or_empty("") == is_http_url_or_empty("https://ui.example.com") == ""
    assert is_postgresql_url("postgres:///console") == ""
    assert is_host_and_port("host:70000") == "'host:70000' is not host:port."
    assert is_rate(-0.1) == "-0.1 is not between 0 and 1."
