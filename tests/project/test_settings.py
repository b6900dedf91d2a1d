"""What the settings refuse, and how a wrong one is told: one sentence, exit code 1, no traceback."""

import os
import subprocess
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from gunicorn.util import parse_address

from console.bind import Bind, parse_bind
from console.environment import (
    env,
    is_host_and_port,
    is_http_url_or_empty,
    is_positive,
    is_postgresql_url,
    is_rate,
    read,
)
from console.installation import complete_environment
from console.stack.folder import StackFolder, write_private
from tests.forked import run_python
from tests.programs import ROOT

KEY = "a-long-random-text-that-nobody-else-knows-0123456789-abcdefghij"
PRODUCTION = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": KEY,
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
    return run_python(arguments, environment)


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
        (
            "TEMPORAL_ADDRESS",
            "https://t.example:7233",
            "TEMPORAL_ADDRESS is wrong: 'https://t.example:7233' is not host",
        ),
        ("TEMPORAL_TLS", "maybe", "TEMPORAL_TLS is wrong: 'maybe' is neither true nor false."),
        ("TEMPORAL_CONFIG_FILE", "/nowhere", "TEMPORAL_CONFIG_FILE is wrong: there is no file /nowhere."),
        ("TEMPORAL_API_KEY", "one\ntwo", "TEMPORAL_API_KEY is wrong: it has characters that no key has."),
        ("TEMPORAL_UI_URL", "localhost:8233", "TEMPORAL_UI_URL is wrong: 'localhost:8233' is not an http address."),
        ("ORDER_APPROVAL_TIMEOUT", "0", "ORDER_APPROVAL_TIMEOUT is wrong: 0 is not above zero."),
        ("ORDER_APPROVAL_TIMEOUT", "a day", "ORDER_APPROVAL_TIMEOUT is wrong: "),
        ("ORDER_WORKFLOW_TIMEOUT", "3600", "ORDER_WORKFLOW_TIMEOUT is wrong: it must be at least an hour longer"),
        ("ORDER_APPROVAL_TIMEOUT", "999999999999", "ORDER_APPROVAL_TIMEOUT is wrong: 999999999999 seconds are more"),
        ("ORDER_CURRENCIES", "EUR,Euro", "ORDER_CURRENCIES is wrong: 'Euro' is not a current ISO 4217 currency."),
        ("ORDER_CURRENCIES", "usd", "ORDER_CURRENCIES is wrong: 'usd' is not a current ISO 4217 currency."),
        ("ORDER_CURRENCIES", "XAU", "ORDER_CURRENCIES is wrong: 'XAU' is not a current ISO 4217 currency."),
        ("ORDER_CURRENCIES", " , ", "ORDER_CURRENCIES is wrong: it lists no currency."),
        ("SECRET_KEY", "k" * 49, "SECRET_KEY is wrong: it has 49 characters and needs at least 50. Make one with: "),
        ("SECRET_KEY", "abab" * 20, "SECRET_KEY is wrong: it repeats itself. Make one with: "),
        ("SECRET_KEY", "django-insecure-" + KEY, "SECRET_KEY is wrong: it comes from a template. "),
        ("SECRET_KEY_FALLBACKS", f"{KEY},short", "SECRET_KEY_FALLBACKS is wrong: it has 5 characters and needs at "),
        ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS is wrong: * accepts every Host header, even a forged one. "),
        ("ALLOWED_HOSTS", "console.example.com, *", "ALLOWED_HOSTS is wrong: * accepts every Host header"),
        (
            "ALLOWED_HOSTS",
            "*.example.com",
            "ALLOWED_HOSTS is wrong: '*.example.com' matches nothing. For all subdomains ",
        ),
        (
            "ALLOWED_HOSTS",
            "https://console.example.com",
            "ALLOWED_HOSTS is wrong: 'https://console.example.com' is not",
        ),
        ("ALLOWED_HOSTS", "console.example.com:443", "ALLOWED_HOSTS is wrong: 'console.example.com:443' is not a host"),
        ("ALLOWED_HOSTS", ".", "ALLOWED_HOSTS is wrong: '.' is not a host name."),
        ("ALLOWED_HOSTS", " , ", "ALLOWED_HOSTS is not set. "),
        ("CSRF_TRUSTED_ORIGINS", "console.example.com", "CSRF_TRUSTED_ORIGINS is wrong: 'console.example.com' is not "),
        ("CSRF_TRUSTED_ORIGINS", "https://*", "CSRF_TRUSTED_ORIGINS is wrong: 'https://*' trusts the forms of every "),
        ("DATABASE_URL", "postgresql://me:pass[word@db/x", "DATABASE_URL is wrong: it is not an address such as "),
        ("DATABASE_URL", "postgresql://me@db:99999/x", "DATABASE_URL is wrong: it is not an address such as "),
        ("DATABASE_STATEMENT_TIMEOUT", "-1", "DATABASE_STATEMENT_TIMEOUT is wrong: -1.0 is not above zero."),
        ("TEMPORAL_NAMESPACE", " ", "TEMPORAL_NAMESPACE is wrong: it is empty."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is wrong: 'loud' is not a log level such as DEBUG, INFO or WARNING."),
        ("TRUSTED_PROXY_COUNT", "-1", "TRUSTED_PROXY_COUNT is wrong: -1 is below zero."),
        ("TRUSTED_PROXY_COUNT", "one", "TRUSTED_PROXY_COUNT is wrong: "),
        ("PAYMENT_CAPTURE", "later", "PAYMENT_CAPTURE is wrong: 'later' is none of charge, authorised."),
        ("EMAIL_PORT", "0", "EMAIL_PORT is wrong: 0 is not above zero."),
        ("CONSOLE_URL", "console.example.com", "CONSOLE_URL is wrong: 'console.example.com' is not an http address."),
        ("FLAKY_FAIL_RATE", "1.5", "FLAKY_FAIL_RATE is wrong: 1.5 is not between 0 and 1."),
        ("FLAKY_HANG_RATE", "1", "FLAKY_FAIL_RATE and FLAKY_HANG_RATE are wrong: together they must stay below 1."),
    ],
)
def test_a_wrong_value_is_one_sentence(name: str, value: str, sentence: str) -> None:
    result = run(WSGI, **{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"Settings: {sentence}")
    assert result.stderr.count("\n") == 1
    assert "pass[word" not in result.stderr


@pytest.mark.parametrize("arguments", [MANAGE, WSGI, GUNICORN], ids=["manage.py", "wsgi", "gunicorn"])
def test_debug_and_https_exclude_each_other(arguments: tuple[str, ...]) -> None:
    result = run(arguments, DEBUG="true", HTTPS="true")
    assert result.returncode == 1
    assert result.stderr.startswith("Settings: DEBUG and HTTPS are both true. ")
    assert result.stderr.count("\n") == 1


def test_a_mail_server_has_one_kind_of_tls() -> None:
    result = run(WSGI, EMAIL_USE_TLS="true", EMAIL_USE_SSL="true")
    assert result.returncode == 1
    assert result.stderr.startswith("Settings: EMAIL_USE_TLS and EMAIL_USE_SSL are both true. ")


@pytest.mark.parametrize("arguments", [MANAGE, WSGI, GUNICORN], ids=["manage.py", "wsgi", "gunicorn"])
@pytest.mark.parametrize(("name", "value"), [("SECRET_KEY", KEY[:49]), ("ALLOWED_HOSTS", "a.example.com,*")])
def test_no_way_in_starts_with_what_can_be_guessed(name: str, value: str, arguments: tuple[str, ...]) -> None:
    result = run(arguments, **{name: value})
    assert result.returncode == 1
    assert result.stderr.startswith(f"Settings: {name} is wrong: ")
    assert result.stderr.count("\n") == 1


def test_lists_may_have_spaces_after_their_commas() -> None:
    result = run(MANAGE, ALLOWED_HOSTS="console.example.com, .example.org , [::1],")
    assert result.stdout == "['console.example.com', '.example.org', '[::1]']\n"


def test_what_a_former_key_signed_stays_valid() -> None:
    sign = "from django.core.signing import dumps; print(dumps('hello'))"
    former = "another-long-random-text-that-was-the-key-before-0123456789-klmnop"
    signed = run(("manage.py", "shell", "-v0", "-c", sign), SECRET_KEY=former).stdout.strip()
    read_it = f"from django.core.signing import loads; print(loads({signed!r}))"
    kept = run(("manage.py", "shell", "-v0", "-c", read_it), SECRET_KEY_FALLBACKS=former)
    assert (kept.returncode, kept.stdout) == (0, "hello\n")
    assert run(("manage.py", "shell", "-v0", "-c", read_it)).returncode != 0


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    show = "from django.conf import settings as s; print(s.ORDER_APPROVAL_TIMEOUT, s.LOG_LEVEL, s.STATIC_ROOT)"
    show = show.replace("s.LOG_LEVEL", "s.LOGGING['root']['level']")
    empty = dict.fromkeys(
        ("ORDER_APPROVAL_TIMEOUT", "LOG_LEVEL", "STATIC_ROOT", "DEBUG", "DATABASE_STATEMENT_TIMEOUT"), ""
    )
    assert run(("manage.py", "shell", "-v0", "-c", show), **empty).stdout == f"86400 INFO {ROOT / 'staticfiles'}\n"


@pytest.mark.parametrize(("given", "seconds"), [(None, "10.0"), ("", "10.0"), ("2.5", "2.5"), ("0", "0.0")])
def test_the_web_server_bounds_its_statements(given: str | None, seconds: str) -> None:
    show = "import console.gunicorn_conf; from django.conf import settings; print(settings.DATABASE_STATEMENT_TIMEOUT)"
    assert run(("-c", show), DATABASE_STATEMENT_TIMEOUT=given).stdout == f"{seconds}\n"


def test_on_ones_own_machine_every_host_may_be_let_in() -> None:
    assert run(MANAGE, ALLOWED_HOSTS="*", SECRET_KEY="short", DEBUG="true").stdout == "['*']\n"


def test_debug_needs_neither_and_stays_on_this_machine() -> None:
    result = run(MANAGE, SECRET_KEY=None, ALLOWED_HOSTS=None, DEBUG="true")
    assert result.stdout == "['127.0.0.1', 'localhost', '[::1]']\n"


def test_a_running_local_stack_is_found_by_other_commands(tmp_path: Path) -> None:
    folder = StackFolder({"STACK_FOLDER": str(tmp_path)})
    with folder.published({"DATABASE_URL": "postgresql://here/console", "SECRET_KEY": "k"}):
        environment = {"STACK_FOLDER": str(tmp_path), "LOG_LEVEL": "DEBUG"}
        complete_environment(environment)
        assert environment["DATABASE_URL"] == "postgresql://here/console"
    environment = {"STACK_FOLDER": str(tmp_path)}
    complete_environment(environment)
    assert "DATABASE_URL" not in environment


@pytest.mark.parametrize("name", ["DATABASE_URL", "SECRET_KEY", "DEBUG"])
def test_an_installation_of_ones_own_is_left_alone(name: str, tmp_path: Path) -> None:
    write_private(tmp_path / "environment.json", '{"DATABASE_URL": "postgresql://here/console", "SECRET_KEY": "k"}')
    environment = {"STACK_FOLDER": str(tmp_path), name: "mine"}
    complete_environment(environment)
    assert environment == {"STACK_FOLDER": str(tmp_path), name: "mine"}


def test_a_reader_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_NUMBER", "many")
    with pytest.raises(ImproperlyConfigured, match="SOME_NUMBER is wrong: "):
        read(env.int, "SOME_NUMBER")
    assert read(env.int, "ANOTHER_NUMBER", 3, check=is_positive) == 3


@pytest.mark.parametrize("value", ["nonsense/", "0.0.0.0:99999", "[::1", "unix:", "127.0.0.1:http", "a:1,b:2"])
def test_a_wrong_address_to_listen_on_is_a_sentence(value: str) -> None:
    result = run(GUNICORN, BIND=value)
    assert result.returncode == 1
    assert "BIND is wrong: " in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("text", "bind", "near_host"),
    [
        ("127.0.0.1:8001", Bind("127.0.0.1", 8001), "127.0.0.1"),
        ("0.0.0.0", Bind("0.0.0.0", 8000), "127.0.0.1"),  # noqa: S104
        (":9000", Bind("", 9000), "127.0.0.1"),
        ("[::]:9000", Bind("::", 9000), "::1"),
        ("[::1]", Bind("::1", 8000), "::1"),
        ("console.example.com:80", Bind("console.example.com", 80), "console.example.com"),
    ],
)
def test_an_address_to_listen_on_is_read_as_gunicorn_reads_it(text: str, bind: Bind, near_host: str) -> None:
    assert parse_bind(text) == bind
    assert bind.near_host == near_host
    assert parse_address(text) == parse_address(str(bind)) == (bind.host, bind.port)


def test_a_unix_socket_is_read_as_gunicorn_reads_it() -> None:
    for text in ("unix:/run/console.sock", "unix:///run/console.sock"):
        assert parse_address(text) == parse_address(str(parse_bind(text))) == parse_bind(text).path


def test_checks_complain_in_words() -> None:
    assert is_positive(1) == is_rate(0.5) == is_host_and_port("[::1]:7233") == ""
    assert is_http_url_or_empty("") == is_http_url_or_empty("https://ui.example.com") == ""
    assert is_postgresql_url("postgres:///console") == ""
    assert is_host_and_port("host:70000") == "'host:70000' is not host:port."
    assert is_rate(-0.1) == "-0.1 is not between 0 and 1."


@pytest.mark.parametrize(("https", "count"), [("true", "1"), ("false", "0")])
def test_https_stands_for_one_proxy(https: str, count: str) -> None:
    printed = (
        "manage.py",
        "shell",
        "-v0",
        "-c",
        "from django.conf import settings; print(settings.TRUSTED_PROXY_COUNT)",
    )
    assert run(printed, HTTPS=https).stdout == f"{count}\n"
    assert run(printed, HTTPS=https, TRUSTED_PROXY_COUNT="2").stdout == "2\n"
