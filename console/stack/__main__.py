"""`manage.py runstack` from its first line on: the environment, the settings, the command."""

import os
import sys

from django.core.management import execute_from_command_line

from console.environment import load_settings
from console.stack.environment import prepare_environment
from console.stack.errors import StackError


def main() -> None:
    """Run the command. Wrong settings end it with one sentence on stderr and exit code 1."""
    try:
        prepare_environment(os.environ, arguments=sys.argv[2:])
    except StackError as error:
        sys.exit(str(error))
    load_settings()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
