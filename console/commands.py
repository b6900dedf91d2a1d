"""What `manage.py` does around Django's commands, so that people are led on by a sentence instead of a traceback."""

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

from console.stack.errors import StackError
from console.stack.folder import OWN_INSTALLATION

# The first reports a missing database from a thread of its own, and the second from another program.
ASKS_FIRST: Final = ("runserver", "dbshell")


def run_tests(arguments: Sequence[str]) -> None:
    """Become pytest with these arguments; `tests.test_money` stands for its file. Raises StackError without pytest."""
    if importlib.util.find_spec("pytest") is None:
        raise StackError("The tests run with pytest, which is not installed here. Install and run them with make test.")
    paths = [find_test_file(argument) for argument in arguments]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *paths])  # noqa: S606


def find_test_file(argument: str) -> str:
    """Return the path of the module or package that `argument` names in Django's way; anything else stays as it is."""
    path = Path(*argument.split("."))
    file = path.with_suffix(".py")
    return (
        argument if Path(argument).exists() else next((str(each) for each in (file, path) if each.exists()), argument)
    )


def check_installation(environment: Mapping[str, str]) -> None:
    """Raise StackError where no stack was found and nothing names another installation."""
    if not any(environment.get(name) for name in OWN_INSTALLATION):
        raise StackError(
            "No console is running here, and none is named by the environment. Start one with make run, then try again "
            "in another terminal. For an installation of your own set SECRET_KEY, ALLOWED_HOSTS and DATABASE_URL, or "
            "DEBUG=true on your own machine."
        )


def check_database(arguments: Sequence[str]) -> None:
    """Connect once for a command that could not tell of a missing database itself. Raises OperationalError."""
    if arguments[:1] and arguments[0] in ASKS_FIRST and not {"--help", "-h"} & set(arguments):
        connections[DEFAULT_DB_ALIAS].ensure_connection()
        connections.close_all()


def describe_database_error(error: OperationalError | InterfaceError) -> str:
    """Return a sentence that says what is wrong with the database, and what to do."""
    return (
        f"The database cannot be used: {' '.join(str(error).split())} "
        "Start it, or name another one with DATABASE_URL. make run starts a console with a PostgreSQL of its own."
    )
