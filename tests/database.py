"""A PostgreSQL for tests: the stack's own embedded one, in a folder that goes away.

Its tables take longer to create than most files of tests take to run. So they are created once, in a data folder that
later servers start with a copy of, until a migration or a requirement changes.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.db import connection

from console.stack.folder import StackFolder
from console.stack.pid_file import PidFile
from console.stack.postgres import PORT, Postgres
from console.stack.process_group import ProcessGroup
from console.stack.screen import Screen

SECONDS = 60
ROOT: Final = Path(__file__).resolve().parents[1]
CACHE: Final = ROOT / ".pytest_cache" / "postgres"
# What the tables are made of.
SOURCES: Final = (
    "requirements.txt",
    "orders/migrations/*.py",
    "console/migrations/*.py",
    "console/stack/postgres.py",
    "tests/database.py",
)


@contextmanager
def past_the_rules() -> Iterator[None]:
    """Write, within the block, what PostgreSQL would refuse: no trigger fires, as when a copy is put back."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = DEFAULT")


# Nothing has to survive a power cut.
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def started_postgres(data: Path | None = None, *, keep: Path | None = None) -> Iterator[dict[str, str]]:
    """Start a server and yield what Django's DATABASES say of it; it ends with the tests, even when they are killed.

    It begins with a copy of the folder `data`, or empty, and leaves a copy of its own data in the folder `keep`.
    """
    with tempfile.TemporaryDirectory(prefix="console-pg-", ignore_cleanup_errors=True) as path:
        folder = StackFolder({"STACK_FOLDER": path})
        folder.make()
        postgres = Postgres(folder, settings=QUICK)
        processes = ProcessGroup(Screen(is_quiet=True), PidFile(folder.pid_file))
        try:
            postgres.let_user_in()
            if data is None:
                processes.wait_for_end(processes.start(postgres.make_data()), seconds=SECONDS)
                postgres.put_data_in_place()
            else:
                _copy(data, folder.postgres)
            processes.start(postgres.serve())
            processes.wait_until(postgres.is_ready, seconds=SECONDS, complaint="PostgreSQL does not become ready.")
            yield {
                "USER": "postgres",
                "PASSWORD": "",
                "HOST": str(postgres.socket_folder),
                "PORT": str(PORT),
                "NAME": "postgres",
            }
            if keep is not None:
                processes.stop_all()
                _copy(folder.postgres, keep)
        finally:
            processes.stop_all()
            postgres.clean_up()


def migrated_data(migrate: Callable[[dict[str, str]], None]) -> Path:
    """Return a data folder whose tables exist; the first process that asks creates them with `migrate`."""
    contents = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        contents.update(path.read_bytes())
    data = CACHE / contents.hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            for former in CACHE.iterdir():
                if former.is_dir():
                    shutil.rmtree(former)
            unfinished = CACHE / "unfinished"
            with started_postgres(keep=unfinished) as database:
                migrate(database)
            unfinished.rename(data)
    return data


def _copy(source: Path, target: Path) -> None:
    """Copy a data folder with its owners and rights. Raises CalledProcessError."""
    subprocess.run(["cp", "-a", "--reflink=auto", f"{source}{os.sep}.", target], check=True)
