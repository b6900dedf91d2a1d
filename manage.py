#!/usr/bin/env python
"""Django's command line. Wrong settings end it with one sentence on stderr and exit code 1, never a traceback."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError, ProgrammingError

from console.commands import check_database, check_installation, describe_database_error, run_tests
from console.environment import load_settings
from console.stack.errors import StackError
from console.stack.folder import complete_environment
from orders.postgres.faults import are_tables_missing


def main() -> None:
    """Read the settings first, so that a wrong one is a sentence, then run the command."""
    try:
        if sys.argv[1:2] == ["test"]:
            run_tests(sys.argv[2:])
        complete_environment(os.environ, command="".join(sys.argv[1:2]), arguments=sys.argv[2:])
        if sys.argv[1:2] == ["runworkers"]:
            # A worker's threads share connections and bound their statements; a web process's have their own.
            os.environ.setdefault("DATABASE_POOL", "true")
        check_installation(os.environ, sys.argv[1:])
        load_settings()
        check_database(sys.argv[1:])
        execute_from_command_line(sys.argv)
    except StackError as error:
        sys.exit(str(error))
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        is_mistake = isinstance(error, ProgrammingError) and not are_tables_missing(error)
        if is_mistake or "--traceback" in sys.argv:
            raise
        sys.exit(describe_database_error(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
