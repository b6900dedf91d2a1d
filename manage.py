#!/usr/bin/env python
"""Django's command line. Wrong settings end it with one sentence on stderr and exit code 1, never a traceback."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Read the settings first, so that a wrong one is a sentence, then run the command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    if sys.argv[1:2] == ["runworkers"]:
        os.environ.setdefault("DATABASE_POOL", "true")  # a worker's threads share connections, a web process's do not
    try:
        settings.DEBUG  # noqa: B018 - the first access loads the settings
    except ImproperlyConfigured as error:
        sys.exit(f"Settings: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
