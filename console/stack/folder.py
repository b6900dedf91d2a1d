"""The stack's folder: data, logs, the key and the lock that only one stack at a time holds."""

import fcntl
import json
import os
import secrets
import shlex
import socket
import stat
import sys
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from console.bind import parse_bind
from console.stack.errors import StackError

PROJECT: Final = Path(__file__).resolve().parent.parent.parent
LOOPBACK: Final = "127.0.0.1,localhost,[::1]"
# Whoever sets one of these has an installation of their own in mind.
OWN_INSTALLATION: Final = ("DATABASE_URL", "SECRET_KEY", "DEBUG")
# Set by `.stack/manage`, whose caller means the stack and nothing else, whatever the shell says.
STACK_IS_MEANT: Final = "STACK_IS_MEANT"
# Published with the settings: which servers are the stack's own, so that variables for others must not count.
EMBEDDED: Final = "STACK_EMBEDDED"
# The folder with the programs of the embedded PostgreSQL.
PROGRAMS: Final = "STACK_POSTGRES_PROGRAMS"
# What a server of one's own is chosen by, and an embedded one must not be led away by.
FOREIGN_PREFIXES: Final = {"postgres": "PG", "temporal": "TEMPORAL_"}
# What a person may still say of an embedded Temporal.
OF_THE_EMBEDDED: Final = ("TEMPORAL_NAMESPACE", "TEMPORAL_UI_URL")
OF_THE_START: Final = (*OF_THE_EMBEDDED, "TEMPORAL_PORT", "TEMPORAL_UI_PORT")
# The person's own file of profiles leads to other servers.
NO_PROFILE: Final = {"TEMPORAL_CONFIG_FILE": os.devnull}
# Everything but its owner; the group is PostgreSQL's own, which passes through, where root runs the stack.
OTHERS: Final = 0o067


class StackFolder:
    """`STACK_FOLDER`, or `.stack` in the project."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.path = Path(environment.get("STACK_FOLDER") or PROJECT / ".stack").absolute()
        self.postgres = self.path / "postgres"
        self.logs = self.path / "logs"
        self.temporal = self.path / "temporal.db"
        self.static = self.path / "static"
        self.leftovers = self.path / "children.json"
        self._environment = self.path / "environment.json"
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
            self._lock.touch(mode=0o600)
        except OSError as error:
            raise StackError(
                f"The folder {self} cannot be written ({error.strerror}). "
                "Give it to the user who runs the stack, or name another one with STACK_FOLDER."
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

    def published_environment(self) -> dict[str, str | None]:
        """Return the settings of the stack that runs in this folder, none when none runs. None stands for not set."""
        try:
            published: dict[str, str | None] = json.loads(self._environment.read_text())
        except (OSError, ValueError):
            return {}
        return published


def shorten(path: Path) -> str:
    """Return the path as a person here would write it: relative when it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def complete_environment(environment: MutableMapping[str, str], *, command: str, arguments: Sequence[str] = ()) -> None:
    """Fill what `command` with its `arguments` needs of the environment on a developer's machine.

    `runstack` gets what every local installation shares, before the settings are read. Every other command finds the
    stack that is running here, unless the environment names an installation of its own; `.stack/manage` finds it even
    then. The stack's settings then count as a whole: half of another installation's would lead to its Temporal with our
    database. Raises StackError.
    """
    folder = StackFolder(environment)
    is_meant = environment.pop(STACK_IS_MEANT, "") != ""
    if command == "runstack":
        for name in [name for name, value in environment.items() if not value]:
            del environment[name]
        # What the shell says of another Temporal may be wrong, and must not keep the embedded one from starting.
        if not environment.get("TEMPORAL_ADDRESS") and not any(text.startswith("--temporal-a") for text in arguments):
            forget_other_servers(environment, embedded=["temporal"], kept=OF_THE_START)
            environment.update(NO_PROFILE)
        environment.setdefault("SECRET_KEY", folder.secret_key())
        environment.setdefault("ALLOWED_HOSTS", ",".join([LOOPBACK, *own_names(environment.get("BIND", ""))]))
    elif is_meant or not any(environment.get(name) for name in OWN_INSTALLATION):
        take_over(environment, folder.published_environment())


def take_over(environment: MutableMapping[str, str], published: Mapping[str, str | None]) -> None:
    """Put the settings of a running stack into `environment`, in place of all others; without one, change nothing."""
    forget_other_servers(environment, embedded=(published.get(EMBEDDED) or "").split())
    for name, value in published.items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    if programs := published.get(PROGRAMS):  # psql, which `dbshell` looks for on the PATH
        environment["PATH"] = f"{programs}{os.pathsep}{environment.get('PATH', os.defpath)}"


def forget_other_servers(
    environment: MutableMapping[str, str], *, embedded: Collection[str], kept: Collection[str] = ()
) -> None:
    """Take out what leads to other servers than the `embedded` ones ("postgres", "temporal"), all but the names `kept`.

    PGSERVICE or TEMPORAL_API_KEY of a person's shell would count beside an address of ours.
    """
    for server in embedded:
        for name in [name for name in environment if name.startswith(FOREIGN_PREFIXES[server])]:
            if name not in kept:
                del environment[name]


def own_names(bind: str) -> list[str]:
    """Return the names, beside the loopback's, under which a web server that listens at `bind` is reached."""
    try:
        parsed = parse_bind(bind)
    except ValueError:  # the options say so
        return []
    if parsed.is_every_address:
        return [name for name in [socket.gethostname()] if name and name != "localhost"]
    return [] if parsed.is_loopback else [f"[{parsed.host}]" if ":" in parsed.host else parsed.host]
