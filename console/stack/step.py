"""Does one step of the stack's start in a process with Django: `python -m console.stack.step prepare`.

The stack itself runs before the database is there, so what needs tables is done by a child with the whole environment.
"""

import importlib
import os
import sys
from typing import Final

import django

STEPS: Final = ("prepare", "samples")


def main(name: str, *arguments: str) -> None:
    """Set Django up and do the step `name`, one of STEPS, with its own `arguments`."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    importlib.import_module(f"console.stack.{name}").main(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
