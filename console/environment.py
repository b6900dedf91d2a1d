"""Reads the settings' values from the environment, once, and turns a wrong one into a sentence."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

from orders.money import CURRENCIES

T = TypeVar("T")

env = Env()
_names_read: set[str] = set()

# What Django's own `check --deploy` asks of a key (security.W009); a start does not run that check.
KEY_LENGTH: Final = 50
KEY_DISTINCT_CHARACTERS: Final = 5
KEY_OF_A_TEMPLATE: Final = "django-insecure-"
# Longer than anybody waits, and short enough for every sum of times that is made of it.
LONGEST_SECONDS: Final = 10 * 365 * 24 * 3600


def read(reader: Callable[..., T], name: str, default: Any = None, *, check: Callable[[T], str] | None = None) -> T:
    """Return the value of the variable `name`, read by `reader` (such as `env.int`); an empty one counts as not set.

    `check` returns what is wrong with the value, or an empty string.
    Raises ImproperlyConfigured with a sentence that names the variable.
    """
    _names_read.add(name)
    try:
        value = reader(name, default) if os.environ.get(name) else default
    except (EnvError, ValueError) as error:
        raise ImproperlyConfigured(f"{name} is wrong: {error}") from error
    if check is not None and (complaint := check(value)):
        raise ImproperlyConfigured(f"{name} is wrong: {complaint}")
    return value


def read_all(names: Iterable[str]) -> dict[str, str]:
    """Return the texts of the variables of these names, for a reader of its own kind; not those that are not set."""
    return {name: text for name in names if (text := read(env.str, name, ""))}


def names_read() -> frozenset[str]:
    """Return the names of the variables that have been asked for in this process: all settings, once they are read."""
    return frozenset(_names_read)


def read_list(name: str, default: str = "", *, check: Callable[[list[str]], str] | None = None) -> list[str]:
    """Return the texts that the variable `name` lists, separated by commas, with or without spaces around them.

    Raises ImproperlyConfigured with a sentence that names the variable.
    """
    values = [text.strip() for text in read(env.str, name, default).split(",") if text.strip()]
    if check is not None and (complaint := check(values)):
        raise ImproperlyConfigured(f"{name} is wrong: {complaint}")
    return values


def is_positive(value: float) -> str:
    """Complain unless `value` is above zero."""
    return "" if value > 0 else f"{value} is not above zero."


def is_not_negative(value: float) -> str:
    """Complain about what is below zero."""
    return "" if value >= 0 else f"{value} is below zero."


def is_duration(value: float) -> str:
    """Complain unless `value` is a number of seconds above zero that somebody might wait."""
    return is_positive(value) or ("" if value <= LONGEST_SECONDS else f"{value} seconds are more than ten years.")


def is_duration_or_zero(value: float) -> str:
    """Complain unless `value` is zero or a number of seconds that somebody might wait."""
    return "" if value == 0 else is_duration(value)


def is_not_empty(value: str) -> str:
    """Complain about an empty text."""
    return "" if value.strip() else "it is empty."


def is_one_of(*choices: str) -> Callable[[str], str]:
    """Return what complains unless a value is among these."""
    return lambda value: "" if value in choices else f"{value!r} is none of {', '.join(choices)}."


def is_log_level(value: str) -> str:
    """Complain unless `value` is a level of Python's logging."""
    return (
        ""
        if value in logging.getLevelNamesMapping()
        else f"{value!r} is not a log level such as DEBUG, INFO or WARNING."
    )


def is_strong_key(value: str) -> str:
    """Complain about a key that could be guessed; the key itself is not repeated."""
    advice = "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    if len(value) < KEY_LENGTH:
        return f"it has {len(value)} characters and needs at least {KEY_LENGTH}. {advice}"
    if len(set(value)) < KEY_DISTINCT_CHARACTERS:
        return f"it repeats itself. {advice}"
    return f"it comes from a template. {advice}" if value.startswith(KEY_OF_A_TEMPLATE) else ""


def are_strong_keys(values: Sequence[str]) -> str:
    """Complain about the first of several keys that could be guessed."""
    return next((complaint for value in values if (complaint := is_strong_key(value))), "")


def are_host_names(values: Sequence[str]) -> str:
    """Complain about what stands for every host, and about what no Host header would ever match."""
    for value in values:
        if value == "*":
            return "* accepts every Host header, even a forged one. List the console's host names."
        if value.startswith("*"):
            return f"{value!r} matches nothing. For all subdomains write {value.lstrip('*')!r}."
        is_ipv6 = value.startswith("[") and value.endswith("]")
        if not value.strip(".") or any(mark in value for mark in "/ *") or (":" in value and not is_ipv6):
            return f"{value!r} is not a host name. Leave out the scheme, the port and the path."
    return ""


def are_origins(values: Sequence[str]) -> str:
    """Complain about what is not a scheme with a host, and about an origin that stands for all."""
    for value in values:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            return f"{value!r} is not an origin such as https://console.example.com."
        if parts.hostname.strip("*.") == "":
            return f"{value!r} trusts the forms of every site. Name the sites."
    return ""


def are_currencies(values: Sequence[str]) -> str:
    """Complain about what ISO 4217 does not list as a currency in force, and about a list without any."""
    for value in values:
        if value not in CURRENCIES:
            return f"{value!r} is not a current ISO 4217 currency. Use its three letters, such as EUR."
    return "" if values else "it lists no currency."


def is_dotted_path(value: str) -> str:
    """Complain unless `value` is the dotted path of a class, in a module that is there; the class is seen later."""
    module, _, name = value.rpartition(".")
    try:
        is_there = bool(module) and name.isidentifier() and find_spec(module) is not None
    except (ImportError, ValueError):
        is_there = False
    return "" if is_there else f"{value!r} is not the dotted path of a class, such as package.module.Class."


def are_dotted_paths(values: Sequence[str]) -> str:
    """Complain about the first that is no dotted path of a class, and about a list without any."""
    return next((complaint for value in values if (complaint := is_dotted_path(value))), "") or (
        "" if values else "it names no class."
    )


def is_rate(value: float) -> str:
    """Complain unless `value` is a probability."""
    return "" if 0 <= value <= 1 else f"{value} is not between 0 and 1."


def is_host_and_port(value: str) -> str:
    """Complain unless `value` looks like host:port."""
    host, _, port = value.rpartition(":")
    is_fine = host and "/" not in host and port.isdigit() and 0 < int(port) < 65536
    return "" if is_fine else f"{value!r} is not host:port."


def is_http_url_or_empty(value: str) -> str:
    """Complain unless `value` is empty or an http(s) address."""
    parts = urlsplit(value)
    fine = not value or (parts.scheme in {"http", "https"} and bool(parts.netloc))
    return "" if fine else f"{value!r} is not an http address."


def is_postgresql_url(value: str) -> str:
    """Complain unless `value` is a PostgreSQL address; it may hold a password and is not repeated."""
    advice = "Percent-encode what is special in user, password and database."
    try:
        parts = urlsplit(value)
        _ = parts.port  # read here, because an impossible one is found no earlier
    except ValueError:
        return f"it is not an address such as postgresql://user:password@host:5432/database. {advice}"
    scheme = parts.scheme
    return "" if scheme in {"postgres", "postgresql"} else f"the scheme {scheme!r} is not postgresql."


def load_applications() -> None:
    """Load Django's applications. A setting that only they can judge ends the process like any other wrong one."""
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")


def load_settings() -> None:
    """Read the settings now. A wrong one ends the process with one sentence on stderr and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    try:
        settings.DEBUG  # noqa: B018 - the first access reads them all
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
