"""A PostgreSQL for tests: the stack's own embedded one, in a folder that goes away."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from console.stack.folder import StackFolder
from console.stack.leftovers import Leftovers
from console.stack.postgres import PORT, Postgres
from console.stack.screen import Screen
from console.stack.supervisor import Supervisor

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
        supervisor = Supervisor(Screen(is_quiet=True), Leftovers(folder.leftovers))
        try:
            postgres.let_user_in()
            supervisor.wait_for_end(supervisor.start(postgres.make_data()), seconds=SECONDS)
            postgres.put_data_in_place()
            supervisor.start(postgres.serve())
            supervisor.wait_until(postgres.is_ready, seconds=SECONDS, complaint="PostgreSQL does not get ready.")
            yield {
                "USER": "postgres",
                "PASSWORD": "",
                "HOST": str(postgres.socket_folder),
                "PORT": str(PORT),
                "NAME": "postgres",
            }
        finally:
            supervisor.stop_all()
            postgres.clean_up()
