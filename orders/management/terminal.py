"""What the commands share: who types, files that are named, and failures that are sentences."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError

from orders.errors import OrderError
from orders.permissions import TerminalOperator
from orders.postgres.faults import describe_error
from orders.texts import LONGEST_NAME, clean_line


def read_operator(by: str) -> TerminalOperator:
    """Return who acts: the name that `--by` claims, or the shell's account."""
    user, name = getpass.getuser(), clean_line(by, LONGEST_NAME)
    return TerminalOperator(name or user, is_named=bool(name), shell_user=user)


@contextmanager
def failing_in_sentences() -> Iterator[None]:
    """Raise CommandError, which is printed without a traceback, for every refusal and every failure of the database."""
    try:
        yield
    except OrderError as error:
        raise CommandError(str(error)) from error
    except (DatabaseError, InterfaceError) as error:
        raise CommandError(describe_error(error)) from error


def read_file(name: str, *, largest: int) -> bytes:
    """Return what is in a file, `-` for standard input, of `largest` bytes at most. Raises CommandError."""
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            contents = file.read(largest + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    if len(contents) > largest:
        raise CommandError(f"{name} is larger than {largest // 1024 // 1024} MB.")
    return contents
