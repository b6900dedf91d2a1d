"""The stack's folder: data, logs, the key and the lock that only one stack at a time holds."""

import fcntl
import json
import os
import secrets
import shlex
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from console.installation import PROJECT, PUBLISHED, STACK_IS_MEANT, find_stack_folder
from console.stack.errors import StackError

# Everything but its owner; the group is PostgreSQL's own, which passes through, where root runs the stack.
OTHERS: Final = 0o067


class StackFolder:
    """`STACK_FOLDER`, or `.stack` in the project."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.path = find_stack_folder(environment)
        self.postgres = self.path / "postgres"
        self.logs = self.path / "logs"
        self.mail = self.path / "mail"
        self.temporal = self.path / "temporal.db"
        self.static = self.path / "static"
        self.pid_file = self.path / "children.json"
        self.prepared = self.path / "prepared.json"
        self._environment = self.path / PUBLISHED
        self._secret_key = self.path / "secret-key"
        self._lock = self.path / "lock"
        self._manage = self.path / "manage"
        self._temporal_script = self.path / "temporal"

    def __str__(self) -> str:
        """The shortest way to write it from here."""
        return shorten(self.path)

    def make(self) -> None:
        """Make the folder, for its owner alone: it holds customers' data, logs and keys. Raises StackError."""
        try:
            is_ours = not self.path.exists() or self._lock.exists() or not any(self.path.iterdir())
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_ours:  # and not somebody's home that was named by mistake
                self.path.chmod(stat.S_IMODE(self.path.stat().st_mode) & ~OTHERS)
            self.logs.mkdir(mode=0o700, exist_ok=True)
            self.mail.mkdir(mode=0o700, exist_ok=True)
            self._lock.touch(mode=0o600)
        except OSError as error:
            raise StackError(
                f"The folder {self} cannot be written ({error.strerror}). "
                "Make the user who runs the stack its owner, or choose another one with STACK_FOLDER."
            ) from error

    def close_to_others(self) -> None:
        """Take the right to read from everybody but the owner, also in what an earlier version left open.

        PostgreSQL's data folder is closed by PostgreSQL, and may belong to another user.
        """
        for path in self.path.iterdir():
            if path == self.postgres or path.name.startswith(self.postgres.name):
                continue
            for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
                mode = stat.S_IMODE(each.lstat().st_mode)
                if mode & 0o077 and not each.is_symlink():
                    each.chmod(mode & ~0o077)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process. Raises StackError while another stack holds it."""
        with self._lock.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = lock.read().strip() or "unknown"
                raise StackError(
                    f"The stack in {self} is running already (process {holder}). Stop it first with Ctrl-C, "
                    "or run a second one with another STACK_FOLDER, PORT, TEMPORAL_PORT and TEMPORAL_UI_PORT."
                ) from None
            lock.truncate()
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def secret_key(self) -> str:
        """Return the key of this installation, made on first use."""
        self.make()
        try:
            if not self._secret_key.exists():
                write_private(self._secret_key, secrets.token_urlsafe(50))
            return self._secret_key.read_text().strip()
        except OSError as error:
            raise StackError(f"The file {self._secret_key} cannot be used ({error.strerror}).") from error

    @contextmanager
    def published(self, environment: Mapping[str, str | None]) -> Iterator[None]:
        """Let `manage.py` in another terminal find the running stack, until the block ends.

        A variable that is None is not set in the stack. `manage` in the folder is `manage.py` with the right Python,
        wherever one stands and whatever the shell there has set.
        """
        write_private(self._environment, json.dumps(dict(environment)))
        command = shlex.join([sys.executable, str(PROJECT / "manage.py")])
        script = [
            "#!/bin/sh",
            f"if [ ! -e {shlex.quote(str(self._environment))} ]; then",
            "    echo 'The stack is not running. Start it with make run.' >&2",
            "    exit 1",
            "fi",
            f'{STACK_IS_MEANT}=1 STACK_FOLDER={shlex.quote(str(self.path))} exec {command} "$@"',
        ]
        write_private(self._manage, "\n".join([*script, ""]))
        self._manage.chmod(0o700)
        self._write_temporal(environment)
        try:
            yield
        finally:
            self._environment.unlink(missing_ok=True)

    def _write_temporal(self, environment: Mapping[str, str | None]) -> None:
        """Write `temporal` beside `manage`: Temporal's command line with the stack's address and namespace."""
        program = Path(sys.executable).with_name("temporal")
        own = {name: value for name, value in environment.items() if name.startswith("TEMPORAL_") and value}
        told = {"TEMPORAL_NAMESPACE": "default"} | own
        script = [
            "#!/bin/sh",
            f"if [ ! -e {shlex.quote(str(self._environment))} ]; then",
            "    echo 'The stack is not running. Start it with make run.' >&2",
            "    exit 1",
            "fi",
            "unset $(env | sed -n 's/^\\(TEMPORAL_[A-Z0-9_]*\\)=.*/\\1/p') STACK_IS_MEANT",
            *(f"export {name}={shlex.quote(value)}" for name, value in sorted(told.items())),
            f'exec {shlex.quote(str(program)) if program.exists() else "temporal"} "$@"',
        ]
        write_private(self._temporal_script, "\n".join([*script, ""]))
        self._temporal_script.chmod(0o700)


def shorten(path: Path) -> str:
    """Return the path as a person here would write it: relative when it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
