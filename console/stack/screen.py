"""What the person at the terminal sees of the stack."""

import sys
import threading
import time
from contextlib import suppress


class Screen:
    """Writes steps with the seconds since the start, and the children's lines with their names.

    `is_verbose` asks for all lines of the children that are shown, instead of their warnings and errors.
    A terminal that has gone away (SIGHUP, a closed pipe) is no reason to fail: the lines are dropped.
    """

    def __init__(self, *, is_quiet: bool = False, is_verbose: bool = False) -> None:
        self._is_quiet = is_quiet
        self.is_verbose = is_verbose
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """Tell a step that is being done or has been done."""
        self.write(f"[{time.monotonic() - self._began:5.1f} s] {text}")

    def show(self, name: str, line: str) -> None:
        """Show a line of the output of the child `name`."""
        self.write(f"{name:>9} | {line}")

    def write(self, text: str) -> None:
        if self._is_quiet:
            return
        with self._lock, suppress(OSError, ValueError):
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
