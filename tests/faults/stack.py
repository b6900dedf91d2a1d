"""The stack that faults happen to: PostgreSQL with both roles, Temporal on a file, workers and the web server.

The workers reach Temporal over a line that can be cut; all else goes the direct way.
"""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections

from console.stack.children import Program
from console.stack.folder import StackFolder
from console.stack.postgres import DATABASE, OWNER, PORT, PROGRAMS_ROLE, SUPERUSER, Postgres
from console.stack.temporal_server import TemporalServer
from orders.postgres.address import database_from_url
from orders.postgres.limits import UNLIMITED
from tests.faults.environment import clean_environment
from tests.faults.server import Server
from tests.programs import ROOT, free_port
from tests.proxies import Line
from tests.waiting import listens, wait_until

START_SECONDS = 60
# Nothing has to survive a power cut; what a killed process has written is still there.
QUICK = {"fsync": "off"}


class FaultStack:
    """Servers and programs in `folder`. Nothing runs until it is started."""

    def __init__(self, path: Path) -> None:
        self.folder = StackFolder({"STACK_FOLDER": str(path)})
        self.folder.make()
        self._postgres = Postgres(self.folder, settings=QUICK)
        self._temporal = TemporalServer(self.folder, port=free_port(), ui_port=free_port(), namespace="default")
        self.line = Line(self._temporal.address)
        self.web_port = free_port()
        self.workers: list[Server] = []
        # Orders that went when an older copy was put back.
        self.gone: set[str] = set()
        self._postgres.let_user_in()
        self._run(self._postgres.make_data())
        self._postgres.put_data_in_place()
        self.postgres = self._serve(self._postgres.serve())
        self.temporal = self._serve(self._temporal.serve())
        self.web = self.program("web")

    @property
    def environment(self) -> dict[str, str]:
        """What this stack's programs are told, the workers' line to Temporal apart."""
        return clean_environment() | {
            "DATABASE_URL": self._postgres.url(role=PROGRAMS_ROLE),
            "TEMPORAL_ADDRESS": self._temporal.address,
            "STATIC_ROOT": str(self.folder.static),
            "BIND": f"127.0.0.1:{self.web_port}",
        }

    @property
    def programs(self) -> Path:
        """The folder of PostgreSQL's own programs."""
        return self._postgres.programs

    @property
    def socket(self) -> tuple[str, str]:
        """The folder and the port of PostgreSQL's socket."""
        return str(self._postgres.socket_folder), str(PORT)

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database for its administrator."""
        return self._postgres.url(database, role=SUPERUSER)

    def sql(self, statement: str, *, database: str = DATABASE) -> list[tuple[object, ...]]:
        """Do something to the database as its administrator; return the rows, if there are any."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def prepare(self) -> None:
        """Start the servers, and make the tables."""
        self.start_postgres()
        self.start_temporal()
        self._postgres.ensure_database()
        self.manage("migrate", "-v0", DATABASE_URL=self._postgres.url(role=OWNER))

    def take_part(self) -> None:
        """Have this process, too, be a program of the stack."""
        address = database_from_url(self.environment["DATABASE_URL"], with_pool=False, limits=UNLIMITED)
        parts = {name: address[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME")}
        connections["default"].settings_dict.update(parts)
        settings.TEMPORAL_ADDRESS = self.environment["TEMPORAL_ADDRESS"]

    def start_postgres(self) -> None:
        """Start it, again where a killed one is still being cleaned up after, and wait until it answers."""

        def is_ready() -> bool:
            if not self.postgres.is_running:
                self.postgres.start()
            return self._postgres.is_ready()

        wait_until(is_ready, seconds=START_SECONDS, what="the start of PostgreSQL")

    def start_temporal(self) -> None:
        """Start it and wait until it answers."""
        if not self.temporal.is_running:
            self.temporal.start()
        wait_until(self._temporal.is_ready, seconds=START_SECONDS, what="the start of Temporal")

    def start_worker(self, *, failpoint: str = "", module: str = "", **changes: str) -> Server:
        """Start one more worker; `failpoint` is where it kills itself, `module` what is run in its place."""
        command = ["manage.py", "runworkers"]
        if failpoint or module:
            command = ["-m", module or "tests.faults.failing_worker", *([failpoint] if failpoint else [])]
        worker = self.program(f"worker-{len(self.workers)}", *command, TEMPORAL_ADDRESS=self.line.address)
        self.workers.append(worker)
        return worker.start(**changes)

    def stop_workers(self) -> list[int]:
        """Stop all workers at the same time, and return their exit codes."""
        for worker in self.workers:
            if worker.is_running:
                worker.thaw()
                worker.ask_to_stop()
        codes = [worker.stop() for worker in self.workers]
        self.workers.clear()
        return codes

    def start_web(self, application: str = "console.wsgi", **changes: str) -> None:
        """Start the web server and wait until it takes connections."""
        if not self.folder.static.exists():
            self.manage("collectstatic", "--no-input", "-v0")
        command = ["-m", "gunicorn", "--config", "python:console.gunicorn_conf", application]
        self.web = self.program("web", *command).start(**changes)
        wait_until(lambda: listens(self.web_port), seconds=START_SECONDS, what="the start of the web server")

    def manage(self, *arguments: str, **changes: str) -> str:
        """Run `manage.py` to its end and return what it printed. Raises CalledProcessError."""
        command = [sys.executable, "manage.py", *arguments]
        environment = self.environment | changes
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    def heal(self) -> None:
        """Bring everything back that a fault has taken: servers, the line, and a worker with today's code."""
        for server in (self.postgres, self.temporal, *self.workers):
            if server.is_running:
                server.thaw()
        self.start_postgres()
        self.start_temporal()
        self.line.heal()
        for worker in [worker for worker in self.workers if not worker.is_running]:
            self.workers.remove(worker)
        if not self.workers:
            self.start_worker()

    def stop(self) -> None:
        """Stop everything."""
        self.stop_workers()
        self.line.close()
        for server in (self.web, self.temporal, self.postgres):
            server.stop()
        self._postgres.clean_up()

    def program(self, name: str, *arguments: str, **changes: str) -> Server:
        """Return a program of Python that is told what the stack's programs are, with changes."""
        environment = self.environment | changes
        return Server(name, [sys.executable, *arguments], environment, ROOT, self.folder.logs / f"{name}.log")

    @staticmethod
    def _serve(program: Program) -> Server:
        return Server(
            program.name,
            program.command,
            program.environment,
            program.folder,
            program.log,
            program.user,
            program.stop_signal,
        )

    def _run(self, program: Program) -> None:
        assert self._serve(program).start().wait_for_end() == 0, program.log.read_text()


@contextlib.contextmanager
def prepared_stack(parent: Path | None = None) -> Iterator[FaultStack]:
    """Make a stack in a folder that goes away, start its servers, and stop everything at the end."""
    with tempfile.TemporaryDirectory(prefix="console-faults-", dir=parent, ignore_cleanup_errors=True) as path:
        stack = FaultStack(Path(path) / "stack")
        try:
            stack.prepare()
            stack.take_part()
            yield stack
        finally:
            stack.stop()
