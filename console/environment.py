"""Reads the settings' values from the environment, once, and turns a wrong one into a sentence."""

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

T = TypeVar("T")

env = Env()


def read(reader: Callable[..., T], name: str, default: Any = None, *, check: Callable[[T], str] | None = None) -> T:
    """Return the value of the variable `name`, read by `reader` (such as `env.int`).

    `check` returns what is wrong with the value, or an empty string.
    Raises ImproperlyConfigured with a sentence that names the variable.
    """
    try:
        value = reader(name, default)
    except (EnvError, ValueError) as error:
        raise ImproperlyConfigured(f"{name} is wrong: {error}") from error
    if check is not None and (complaint := check(value)):
        raise ImproperlyConfigured(f"{name} is wrong: {complaint}")
    return value


def is_positive(value: float) -> str:
    """Complain unless `value` is above zero."""
    return "" if value > 0 else f"{value} is not above zero."


def is_rate(value: float) -> str:
    """Complain unless `value` is a probability."""
    return "" if 0 <= value <= 1 else f"{value} is not between 0 and 1."


def is_host_and_port(value: str) -> str:
    """Complain unless `value` looks like host:port."""
    host, _, port = value.rpartition(":")
    return "" if host and port.isdigit() and 0 < int(port) < 65536 else f"{value!r} is not host:port."


def is_http_url_or_empty(value: str) -> str:
    """Complain unless `value` is empty or an http(s) address."""
    parts = urlsplit(value)
    fine = not value or (parts.scheme in {"http", "https"} and bool(parts.netloc))
    return "" if fine else f"{value!r} is not an http address."


def is_postgresql_url(value: str) -> str:
    """Complain unless `value` is a PostgreSQL address."""
    scheme = urlsplit(value).scheme
    return "" if scheme in {"postgres", "postgresql"} else f"the scheme {scheme!r} is not postgresql."


def load_settings() -> None:
    """Read the settings now. A wrong one ends the process with one sentence on stderr and exit code 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    try:
        settings.DEBUG  # noqa: B018 - the first access reads them all
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
