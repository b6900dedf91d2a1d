"""Runs one job of the stack's start in a process with Django: `python -m console.stack.job prepare`.

The stack itself runs before the database is up, so a child process with the whole environment does what needs tables.
"""

import importlib
import os
import sys
from typing import Final

import django

JOBS: Final = ("prepare", "samples")


def main(name: str, *arguments: str) -> None:
    """Set up Django and run the job `name`, one of JOBS, with its own `arguments`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    importlib.import_module(f"console.stack.{name}").main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
