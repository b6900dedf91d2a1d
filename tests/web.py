"""The web server as production runs it, without a database: for what it does with requests before it needs one."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.programs import ROOT, free_port
from tests.waiting import wait_until

HOST = "console.example.com"


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
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    subprocess.run(collect, cwd=ROOT, env=environment, check=True)


@contextmanager
def web_server(folder: Path, **changes: str) -> Iterator[int]:
    """Run gunicorn with production's settings and no database, its log in `folder`; yield its port."""
    port = free_port()
    environment = {**production_environment(folder), "BIND": f"127.0.0.1:{port}", **changes}
    collect_static_files(environment)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:console.gunicorn_conf", "console.wsgi"]
    with (folder / "web.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
    try:
        wait_until(lambda: ask(port, "GET", "/health/live/") == 200, what="the web server")
        yield port
    finally:
        process.terminate()
        process.wait(60)


def ask(port: int, method: str, path: str, *, seconds: float = 10, **headers: str) -> int:
    """Send a request, and return the status of the answer; 0 when there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    with suppress(OSError):
        connection.request(method, path, headers={"Host": HOST} | headers)
        return connection.getresponse().status
    return 0
