"""The stack's folder: data, logs, the key and the lock that only one stack at a time holds."""

import fcntl
import json
import os
import secrets
import shlex
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from console.stack.errors import StackError

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
LOOPBACK: Final = "127.0.0.1,localhost,[::1]"
# Whoever sets one of these has an installation of their own in mind.
OWN_INSTALLATION: Final = ("DATABASE_URL", "SECRET_KEY", "DEBUG")


class StackFolder:
    """`STACK_FOLDER`, or `.stack` in the project."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.path = Path(environment.get("STACK_FOLDER") or PROJECT / ".stack").absolute()
        self.postgres = self.path / "postgres"
        self.logs = self.path / "logs"
        self.static = self.path / "static"
        self.leftovers = self.path / "children.json"
        self._environment = self.path / "environment.json"
        self._secret_key = self.path / "secret-key"
        self._lock = self.path / "lock"
        self._manage = self.path / "manage"

    def __str__(self) -> str:
        """The shortest way to write it from here."""
        return shorten(self.path)

    def make(self) -> None:
        """Make the folder. Raises StackError."""
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
            self._lock.touch()
        except OSError as error:
            raise StackError(
                f"The folder {self} cannot be written ({error.strerror}). "
                "Give it to the user who runs the stack, or name another one with STACK_FOLDER."
            ) from error

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
    def published(self, environment: Mapping[str, str]) -> Iterator[None]:
        """Let `manage.py` in another terminal find the running stack, until the block ends.

        `manage` in the folder is `manage.py` with the right Python, wherever one stands.
        """
        write_private(self._environment, json.dumps(dict(environment)))
        command = shlex.join([sys.executable, str(PROJECT / "manage.py")])
        script = [
            "#!/bin/sh",
            f"if [ ! -e {shlex.quote(str(self._environment))} ]; then",
            "    echo 'The stack is not running. Start it with make run.' >&2",
            "    exit 1",
            "fi",
            f'STACK_FOLDER={shlex.quote(str(self.path))} exec {command} "$@"',
        ]
        self._manage.write_text("\n".join([*script, ""]))
        self._manage.chmod(0o755)
        try:
            yield
        finally:
            self._environment.unlink(missing_ok=True)

    def published_environment(self) -> dict[str, str]:
        """Return the settings of the stack that runs in this folder, none when none runs."""
        try:
            return {str(name): str(value) for name, value in json.loads(self._environment.read_text()).items()}
        except (OSError, ValueError):
            return {}


def shorten(path: Path) -> str:
    """Return the path as a person here would write it: relative when it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def complete_environment(environment: MutableMapping[str, str], *, command: str) -> None:
    """Fill what `command` needs of the environment on a developer's machine.

    `runstack` gets what every local installation shares, before the settings are read. Every other command finds the
    stack that is running here, unless the environment names an installation of its own. Raises StackError.
    """
    folder = StackFolder(environment)
    if command == "runstack":
        for name in [name for name, value in environment.items() if not value]:
            del environment[name]
        environment.setdefault("SECRET_KEY", folder.secret_key())
        environment.setdefault("ALLOWED_HOSTS", LOOPBACK)
    elif not any(environment.get(name) for name in OWN_INSTALLATION):
        for name, value in folder.published_environment().items():
            environment.setdefault(name, value)
