#!/usr/bin/env python
"""Django's command line. Wrong settings end it with one sentence on stderr and exit code 1, never a traceback."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError, ProgrammingError

from console.commands import (
    CannotRun,
    check_database,
    check_installation,
    describe_database_error,
    run_stack,
    run_tests,
)
from console.environment import load_applications, load_settings
from console.installation import complete_environment
from orders.postgres.faults import are_tables_missing


def main() -> None:
    """Run the command that is asked for."""
    try:
        if sys.argv[1:2] == ["test"]:
            run_tests(sys.argv[2:])
        elif sys.argv[1:2] == ["runstack"]:
            run_stack()
        else:
            run_command()
    except CannotRun as error:
        sys.exit(str(error))
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        is_mistake = isinstance(error, ProgrammingError) and not are_tables_missing(error)
        if is_mistake or "--traceback" in sys.argv:
            raise
        sys.exit(describe_database_error(error))
    except KeyboardInterrupt:
        sys.exit(130)


def run_command() -> None:
    """Read the settings first, so that a wrong one is a sentence, then run one of Django's commands or ours."""
    complete_environment(os.environ)
    if sys.argv[1:2] == ["runworkers"]:
        # A worker's threads share connections and bound their statements; a web process's have their own.
        os.environ.setdefault("DATABASE_POOL", "true")
    check_installation(os.environ, sys.argv[1:])
    load_settings()
    load_applications()
    check_database(sys.argv[1:])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
