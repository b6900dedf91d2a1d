"""A PostgreSQL for tests: the stack's own embedded one, in a folder that goes away."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from console.stack.folder import StackFolder
from console.stack.pid_file import PidFile
from console.stack.postgres import PORT, Postgres
from console.stack.process_group import ProcessGroup
from console.stack.screen import Screen

SECONDS = 60


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
def started_postgres() -> Iterator[dict[str, str]]:
    """Start a server and yield what Django's DATABASES say of it; it ends with the tests, even when they are killed."""
    with tempfile.TemporaryDirectory(prefix="console-pg-", ignore_cleanup_errors=True) as path:
        folder = StackFolder({"STACK_FOLDER": path})
        folder.make()
        postgres = Postgres(folder, settings=QUICK)
        processes = ProcessGroup(Screen(is_quiet=True), PidFile(folder.pid_file))
        try:
            postgres.let_user_in()
            processes.wait_for_end(processes.start(postgres.make_data()), seconds=SECONDS)
            postgres.put_data_in_place()
            processes.start(postgres.serve())
            processes.wait_until(postgres.is_ready, seconds=SECONDS, complaint="PostgreSQL does not become ready.")
            yield {
                "USER": "postgres",
                "PASSWORD": "",
                "HOST": str(postgres.socket_folder),
                "PORT": str(PORT),
                "NAME": "postgres",
            }
        finally:
            processes.stop_all()
            postgres.clean_up()
