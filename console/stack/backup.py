"""Copies the data of the running local stack, and puts a copy back into one that is stopped.

`python -m console.stack.backup save FOLDER` and `… restore FOLDER`. A copy is a folder with `console.dump`, made by
pg_dump, and `temporal.db`, Temporal's SQLite file as one moment saw it. Either may be put back alone: the reconciler
finds what does not agree then, and repairs it or tells people.
"""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from console.installation import forget_other_servers, read_published, take_over
from console.stack.errors import StackError
from console.stack.folder import StackFolder, shorten
from console.stack.pid_file import PidFile
from console.stack.postgres import DATABASE, OWNER, PROGRAMS_ROLE, Postgres, find_programs
from console.stack.process_group import ProcessGroup
from console.stack.screen import Screen

CONSOLE: Final = "console.dump"
TEMPORAL: Final = "temporal.db"
# What was there before a restore, kept until the next one.
FORMER: Final = "former"
READY_SECONDS: Final = 45
WRITE_AHEAD: Final = ("-wal", "-shm")


def save(folder: StackFolder, target: Path, screen: Screen) -> None:
    """Copy the data of the stack that runs in `folder` into the new folder `target`. Raises StackError."""
    published = read_published(folder.path)
    url = published.get("DATABASE_URL")
    if not url:
        raise StackError(
            f"The stack in {folder} is not running. Start it with make run, or copy the folder while it is stopped."
        )
    take_over(os.environ, published)
    try:
        target.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise StackError(
            f"The folder {shorten(target)} cannot be created ({error.strerror}). Choose another one."
        ) from error
    # The database first: what a run has done since is found again from the tables, as after a crash.
    _run("pg_dump", "--format=custom", f"--file={target / CONSOLE}", f"--dbname={as_owner(url)}")
    screen.say(f"PostgreSQL: {shorten(target)}/{CONSOLE}")
    if folder.temporal.exists():
        _copy_sqlite(folder.temporal, target / TEMPORAL)
        screen.say(f"Temporal: {shorten(target)}/{TEMPORAL}")
    else:
        screen.say("Temporal: not copied, because the stack does not run it")


def restore(folder: StackFolder, source: Path, screen: Screen) -> None:
    """Put what is in `source` into the stopped stack of `folder`. Raises StackError."""
    names = [name for name in (CONSOLE, TEMPORAL) if (source / name).is_file()]
    if not names:
        raise StackError(
            f"There is neither {CONSOLE} nor {TEMPORAL} in {shorten(source)}. Name a folder that save made."
        )
    forget_other_servers(os.environ, embedded=["postgres"])
    folder.make()
    with folder.locked():
        folder.close_to_others()
        if CONSOLE in names:
            _restore_console(folder, source / CONSOLE, screen)
            screen.say(f"PostgreSQL: restored; the previous data is now the database {DATABASE}_{FORMER}")
        if TEMPORAL in names:
            _restore_temporal(folder, source / TEMPORAL)
            screen.say(f"Temporal: restored; the previous data is now {folder}/{TEMPORAL}.{FORMER}")
        folder.close_to_others()


def _restore_console(folder: StackFolder, dump: Path, screen: Screen) -> None:
    """Fill a new database, and give it the name of the old one only when it is whole."""
    postgres = Postgres(folder)
    pid_file = PidFile(folder.pid_file)
    pid_file.stop_orphans(screen)
    processes = ProcessGroup(Screen(is_quiet=True), pid_file)
    try:
        postgres.let_user_in()
        if not postgres.has_data():
            processes.wait_for_end(processes.start(postgres.make_data()), seconds=READY_SECONDS)
            postgres.put_data_in_place()
        processes.start(postgres.serve())
        processes.wait_until(postgres.is_ready, seconds=READY_SECONDS, complaint="PostgreSQL does not become ready.")
        postgres.ensure_database()
        restored, former = f"{DATABASE}_restored", f"{DATABASE}_{FORMER}"
        _execute(postgres.url("postgres"), "DROP DATABASE IF EXISTS {}", restored)
        _execute(postgres.url("postgres"), "CREATE DATABASE {} OWNER {}", restored, OWNER)
        into = postgres.url(restored, role=OWNER)
        _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={into}", str(dump))
        _execute(postgres.url("postgres"), "DROP DATABASE IF EXISTS {}", former)
        _execute(postgres.url("postgres"), "ALTER DATABASE {} RENAME TO {}", DATABASE, former)
        _execute(postgres.url("postgres"), "ALTER DATABASE {} RENAME TO {}", restored, DATABASE)
    finally:
        processes.stop_all()
        postgres.clean_up()


def _restore_temporal(folder: StackFolder, copy: Path) -> None:
    """Put Temporal's file in place; the files that a write-ahead log left beside the former one go with that."""
    new = folder.path / f"{TEMPORAL}.new"
    _copy_sqlite(copy, new)
    for suffix in ("", *WRITE_AHEAD):
        old = folder.path / f"{TEMPORAL}{suffix}"
        former = folder.path / f"{TEMPORAL}.{FORMER}{suffix}"
        former.unlink(missing_ok=True)
        if old.exists():
            old.rename(former)
    new.rename(folder.temporal)


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite file as one moment sees it, also while a program writes to it. Raises StackError."""
    target.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as from_file:
            if from_file.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("its pages are inconsistent")
            with closing(sqlite3.connect(target)) as to_file:
                from_file.backup(to_file)
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise StackError(f"{shorten(source)} cannot be copied: {error}.") from error


def as_owner(url: str) -> str:
    """Return the address of the stack's own database with the role that may read all of it; another's as it is."""
    parts = urlsplit(url)
    if parts.username != PROGRAMS_ROLE or parts.hostname:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(PROGRAMS_ROLE, OWNER, 1)))


def _execute(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _run(program: str, *arguments: str) -> None:
    """Run a program of PostgreSQL to its end. Raises StackError with what it said."""
    command = [str(find_programs() / program), *arguments]
    result = subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True, check=False)
    if result.returncode:
        raise StackError(f"{program} failed: {' '.join(result.stderr.split()) or f'exit code {result.returncode}'}")


def main(arguments: Sequence[str]) -> None:
    """Save or restore, or end with a sentence and exit code 1."""
    verbs = {"save": save, "restore": restore}
    if len(arguments) != 2 or arguments[0] not in verbs or not arguments[1]:
        sys.exit("Name a folder: make backup TO=folder, make restore FROM=folder.")
    os.umask(0o077)
    try:
        verbs[arguments[0]](StackFolder(os.environ), Path(arguments[1]).absolute(), Screen())
    except StackError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
