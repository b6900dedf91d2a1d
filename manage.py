#!/usr/bin/env python
"""Django's command line. Wrong settings end it with one sentence on stderr and exit code 1, never a traceback."""

import os
import sys

from django.core.management import execute_from_command_line

from console.environment import load_settings
from console.stack.errors import StackError
from console.stack.folder import complete_environment


def main() -> None:
    """Read the settings first, so that a wrong one is a sentence, then run the command."""
    try:
        complete_environment(os.environ, command="".join(sys.argv[1:2]), arguments=sys.argv[2:])
        if sys.argv[1:2] == ["runworkers"]:
            # A worker's threads share connections and bound their statements; a web process's have their own.
            os.environ.setdefault("DATABASE_POOL", "true")
        load_settings()
        execute_from_command_line(sys.argv)
    except StackError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
