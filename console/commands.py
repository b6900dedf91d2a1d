"""What `manage.py` does around Django's commands, so that people are led on by a sentence instead of a traceback."""

import importlib.util
import os
import runpy
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Final

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, ProgrammingError, connections

from console.installation import OWN_INSTALLATION
from orders.postgres.faults import MISSING_TABLES, START_IT, are_tables_missing

# They would tell of a missing database from a thread of their own, by another program, or in words that lead nowhere.
ASKS_FIRST: Final = ("runserver", "dbshell", "dumpdata", "loaddata", "flush", "inspectdb")
# Of these, the ones that say in such words that tables are missing; `runserver` says it with a page.
NEED_TABLES: Final = ("dumpdata", "loaddata", "flush")
STACK: Final = "console.stack"


class CannotRun(Exception):
    """A command cannot run here; `str(error)` is a sentence that says what to do."""


def run_stack() -> None:
    """Become `runstack`, whose code no other command loads. Raises CannotRun where it is not installed."""
    if importlib.util.find_spec(STACK) is None:
        raise CannotRun(
            "The local stack is not part of this installation. Run it from a clone of the project with make run."
        )
    runpy.run_module(STACK, run_name="__main__")


def run_tests(arguments: Sequence[str]) -> None:
    """Become pytest with these arguments; `tests.x` stands for a file. Raises CannotRun without pytest."""
    if importlib.util.find_spec("pytest") is None:
        raise CannotRun("The tests run with pytest, which is not installed here. Install and run them with make test.")
    paths = [find_test_file(argument) for argument in arguments]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *paths])  # noqa: S606


def find_test_file(argument: str) -> str:
    """Return the path of the module or package that `argument` names in Django's way; anything else stays as it is."""
    path = Path(*argument.split("."))
    file = path.with_suffix(".py")
    return (
        argument if Path(argument).exists() else next((str(each) for each in (file, path) if each.exists()), argument)
    )


def check_installation(environment: MutableMapping[str, str], arguments: Sequence[str]) -> None:
    """Raise CannotRun where no stack was found and nothing names another installation; help is given without one."""
    if any(environment.get(name) for name in OWN_INSTALLATION):
        return
    if is_asking_for_help(arguments):
        environment["DEBUG"] = "true"
        return
    raise CannotRun(
        "No console is running here, and the environment does not name one. Start one with make run, then try again "
        "in another terminal. For an installation of your own set SECRET_KEY, ALLOWED_HOSTS and DATABASE_URL, or "
        "DEBUG=true on your own machine."
    )


def is_asking_for_help(arguments: Sequence[str]) -> bool:
    """Tell whether the command line asks what there is, for which no settings and no database are needed."""
    first = "".join(arguments[:1])
    return first in {"help", "version", "--version"} or not {"--help", "-h"}.isdisjoint(arguments)


def check_database(arguments: Sequence[str]) -> None:
    """Look at the database for a command that could not tell of it itself. Raises OperationalError, CannotRun."""
    if not arguments[:1] or arguments[0] not in ASKS_FIRST or is_asking_for_help(arguments):
        return
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    # Straight to the driver: Django warns of its own queries before its applications are there.
    is_missing = connection.connection.execute("SELECT to_regclass('orders_order') IS NULL").fetchone() == (True,)
    connections.close_all()
    if is_missing and arguments[0] in NEED_TABLES:
        raise CannotRun(MISSING_TABLES)


def describe_database_error(error: OperationalError | InterfaceError | ProgrammingError) -> str:
    """Return a sentence that says what is wrong with the database, and what to do."""
    told = " ".join(str(error).split())
    return (
        f"{MISSING_TABLES} ({told})" if are_tables_missing(error) else f"The database cannot be used: {told} {START_IT}"
    )
