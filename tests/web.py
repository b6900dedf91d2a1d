"""The web server as production runs it, without a database: for what it does with requests before it needs one."""

import http.client
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.forked import Program, run_python
from tests.programs import free_port
from tests.waiting import wait_until

HOST = "console.example.com"
GUNICORN: Final = ("-m", "gunicorn", "--config", "python:console.gunicorn_conf", "console.wsgi")


def production_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a production without a database, whose static files stand in `folder`."""
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "only-for-tests-and-long-enough-for-the-checks-of-django-0123456789",
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "STATIC_ROOT": str(folder / "static"),
    }


def collect_static_files(environment: dict[str, str]) -> None:
    """Collect the static files, as a production does before it serves them."""
    done = run_python(("manage.py", "collectstatic", "--noinput", "-v0"), environment)
    assert done.returncode == 0, done.stderr


@contextmanager
def started_web(environment: Mapping[str, str], port: int, *, log: Path | None = None) -> Iterator[Program]:
    """Start gunicorn as production runs it at `port`, and stop it; what it logs goes to the file `log`, if given."""
    web = Program(GUNICORN, {**environment, "BIND": f"127.0.0.1:{port}"}, err=log)
    try:
        yield web
    finally:
        web.terminate()
        web.wait(60)


@contextmanager
def web_server(folder: Path, **changes: str) -> Iterator[int]:
    """Run gunicorn with production's settings and no database, its log in `folder`; yield its port."""
    port = free_port()
    environment = {**production_environment(folder), **changes}
    collect_static_files(environment)
    with started_web(environment, port, log=folder / "web.log"):
        wait_until(lambda: ask(port, "GET", "/health/live/") == 200, what="the web server")
        yield port


def ask(port: int, method: str, path: str, *, seconds: float = 10, **headers: str) -> int:
    """Send a request, and return the status of the answer; 0 when there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    with suppress(OSError):
        connection.request(method, path, headers={"Host": HOST} | headers)
        return connection.getresponse().status
    return 0
