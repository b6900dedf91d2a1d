"""The start, the life and the end of the local stack, in the order in which a person is told of them."""

import http.client
import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from django.conf import settings
from django.http.request import validate_host

from console.bind import allowed_host_header
from console.installation import ADDRESS, EMBEDDED, PROGRAMS
from console.stack.accounts import ACCOUNTS, DemoAccounts
from console.stack.children import Child
from console.stack.demo_keys import describe_keys
from console.stack.environment import NO_PROFILE
from console.stack.errors import StackError
from console.stack.folder import StackFolder
from console.stack.options import Options, check_ports, check_temporal, child_environment
from console.stack.pid_file import PidFile
from console.stack.postgres import OWNER, PROGRAMS_ROLE, Postgres
from console.stack.prepare import read_result
from console.stack.process_group import ChildEnded, ProcessGroup, StopRequested
from console.stack.programs import Programs
from console.stack.screen import Screen
from console.stack.temporal_server import TemporalServer

READY_SECONDS: Final = 45
JOB_SECONDS: Final = 120
SAMPLE_SECONDS: Final = 20
PROBE_SECONDS: Final = 2.0


class Stack:
    """One local stack in `folder`."""

    def __init__(self, options: Options, folder: StackFolder) -> None:
        self._options = options
        self._folder = folder
        self._screen = Screen(is_verbose=options.is_verbose)
        self._pid_file = PidFile(folder.pid_file)
        self._processes = ProcessGroup(self._screen, self._pid_file)
        self._postgres: Postgres | None = None
        self._has_data = False
        self._temporal: TemporalServer | None = None

    def run(self) -> None:
        """Start everything, stay until somebody says stop, stop everything. Raises StackError."""
        self._folder.make()
        with self._folder.locked(), self._processes.listening(), ExitStack() as at_the_end:
            at_the_end.callback(self._stop)
            try:
                self._check()
                self._start(at_the_end)
                self._processes.watch()
            except StopRequested:
                self._screen.say("Stopping. Press Ctrl-C again to stop everything at once")
            except ChildEnded as error:
                self._screen.say(f"{error.child.ending}; stopping the rest")
                raise

    def _check(self) -> None:
        """Find what is wrong before anything is started."""
        self._pid_file.stop_orphans(self._screen)
        self._folder.close_to_others()
        check_ports(self._options.ports(), web_host=self._options.bind.host)
        if self._options.starts("postgres"):
            self._postgres = Postgres(self._folder)
            self._has_data = self._postgres.has_data()
        if self._options.temporal_address:
            check_temporal(self._options.temporal_address)
        else:
            self._temporal = TemporalServer(
                self._folder,
                port=self._options.temporal_port,
                ui_port=self._options.temporal_ui_port,
                namespace=settings.TEMPORAL_NAMESPACE,
            )

    def _start(self, at_the_end: ExitStack) -> None:
        self._screen.say(f"Starting the order console in {self._folder}; Ctrl-C stops everything")
        collecting = self._processes.start(self._programs().collect_static()) if self._options.starts("web") else None
        if self._temporal is not None and self._options.starts("temporal"):
            self._processes.start(self._temporal.serve())
        self._start_postgres()
        self._wait_for_temporal()
        programs = self._programs()
        embedded = " ".join(self._options.embedded)
        published = {**programs.settings, EMBEDDED: embedded, ADDRESS: self._console_address()}
        if self._postgres is not None:
            published[PROGRAMS] = str(self._postgres.programs)
        at_the_end.enter_context(self._folder.published(published))
        self._finish(self._processes.start(programs.prepare(self._owner_settings())))
        if collecting is not None:
            self._finish(collecting)
            self._folder.close_to_others()
            self._screen.say("Static files: ready")
        self._start_console(programs)
        has_accounts = read_result(self._folder.prepared) is not DemoAccounts.ABSENT
        self._screen.write(self._welcome(has_accounts=has_accounts))

    def _programs(self) -> Programs:
        """Return our own programs with what is known by now of the servers."""
        own = {
            "STATIC_ROOT": os.environ.get("STATIC_ROOT") or str(self._folder.static),
            "BIND": str(self._options.bind),
            "CONSOLE_URL": os.environ.get("CONSOLE_URL") or self._console_address().split(" ")[0],
        }
        if not os.environ.get("EMAIL_HOST"):
            own["EMAIL_FOLDER"] = os.environ.get("EMAIL_FOLDER") or str(self._folder.mail)
        if self._postgres is not None:
            own["DATABASE_URL"] = self._postgres.url(role=PROGRAMS_ROLE)
        if self._temporal is not None:
            own |= {
                **NO_PROFILE,
                "TEMPORAL_ADDRESS": self._temporal.address,
                "TEMPORAL_UI_URL": os.environ.get("TEMPORAL_UI_URL") or self._temporal.ui_url,
            }
        return Programs(self._folder, child_environment(self._options, own))

    def _owner_settings(self) -> dict[str, str]:
        """Return what the program that migrates needs to be the owner of the tables, where the server is ours."""
        return {} if self._postgres is None else {"DATABASE_URL": self._postgres.url(role=OWNER)}

    def _start_postgres(self) -> None:
        postgres = self._postgres
        if postgres is None:
            self._screen.say("PostgreSQL: using DATABASE_URL")
            return
        for folder in postgres.let_user_in():
            self._screen.say(
                f"PostgreSQL: opened {folder} for other users to pass through, which PostgreSQL's own user needs"
            )
        if not self._has_data:
            self._screen.say(f"PostgreSQL: creating the data folder {self._folder}/postgres")
            self._finish(self._processes.start(postgres.make_data()), is_told=False)
            postgres.put_data_in_place()
        self._processes.start(postgres.serve())
        self._wait_for("PostgreSQL", postgres.is_ready)
        postgres.ensure_database()

    def _wait_for_temporal(self) -> None:
        if self._temporal is None:
            self._screen.say(f"Temporal: using {self._options.temporal_address}")
        elif self._options.starts("temporal"):
            self._wait_for("Temporal", self._temporal.is_ready)
        else:
            self._screen.say("Temporal: start and stop it yourself in another terminal:")
            self._screen.write(f"    {self._temporal.by_hand}")

    def _start_console(self, programs: Programs) -> None:
        """Start the workers, the web server and the sample orders, which need no workers to be submitted."""
        if self._options.starts("workers"):
            self._processes.start(programs.workers())
        if self._options.starts("web"):
            self._processes.start(programs.web())
        sampling = self._processes.start(programs.samples())
        if self._options.starts("web"):
            self._wait_for("Web server", self._answers)
        if self._temporal is not None and self._options.starts("temporal") and self._options.starts("workers"):
            self._wait_for("Workers", self._temporal.has_workers)
        if not self._processes.has_ended_within(sampling, seconds=SAMPLE_SECONDS):
            self._screen.say(f"Sample orders: still being submitted; see {self._folder}/logs/samples.log")
        for line in sampling.tail:
            self._screen.say(line)

    def _wait_for(self, name: str, is_ready: Callable[[], bool]) -> None:
        complaint = f"{name}: not ready after {READY_SECONDS} s; see {self._folder}/logs."
        self._processes.wait_until(is_ready, seconds=READY_SECONDS, complaint=complaint)
        self._screen.say(f"{name}: ready")

    def _finish(self, child: Child, *, is_told: bool = True) -> None:
        """Wait until a child that does one thing has done it, and tell what it said. Raises StackError."""
        self._processes.wait_for_end(child, seconds=JOB_SECONDS)
        for line in child.tail if is_told else ():
            self._screen.say(line)

    def _answers(self) -> bool:
        """Tell whether the web server is alive. Raises StackError when it is, but cannot serve."""
        connection = self._options.bind.connection(seconds=PROBE_SECONDS)
        host = allowed_host_header(",".join(settings.ALLOWED_HOSTS))
        try:
            connection.request("GET", "/health/live/", headers={"Host": host})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        if status != http.HTTPStatus.OK:
            raise StackError(
                f"The web server answers with status {status} to a probe; see {self._folder}/logs/web.log."
            )
        return True

    def _welcome(self, *, has_accounts: bool) -> str:
        """Return the lines that a person needs to begin."""
        facts = {}
        if self._options.starts("web"):
            facts["Console"] = self._console_address()
            if not self._options.bind.is_loopback:
                known_as = "any name" if "*" in settings.ALLOWED_HOSTS else ", ".join(settings.ALLOWED_HOSTS)
                facts["Other machines"] = f"reach it under {known_as}, without TLS"
        if self._temporal is not None:
            facts["Temporal Web UI"] = f"{self._temporal.ui_url}/"
        if has_accounts:
            names = list(ACCOUNTS)
            facts["Sign in as"] = f"{', '.join(names[:-1])} or {names[-1]}, password: {self._options.demo_password}"
            facts |= describe_keys(self._folder.path)
        facts["Other terminal"] = f"{self._folder}/manage order --help"
        shown = "" if self._options.is_verbose else "; warnings appear here, with VERBOSE=1 everything"
        facts["Logs"] = f"{self._folder}/logs{shown}"
        lines = [f"    {name:<17}{value}" for name, value in facts.items()]
        return "\n".join(["", "The order console is ready.", "", *lines, "", "Ctrl-C stops everything.", ""])

    def _console_address(self) -> str:
        """Return where a browser on this machine finds the console, under a name that it answers to."""
        bind = self._options.bind
        near = f"[{bind.near_host}]" if ":" in bind.near_host else bind.near_host
        host = near if validate_host(near, settings.ALLOWED_HOSTS) else allowed_host_header(settings.ALLOWED_HOSTS[0])
        if settings.HTTPS or bind.path:
            return f"{'https' if settings.HTTPS else 'http'}://{host}/ through your proxy, which connects to {bind}"
        return f"http://{host}:{bind.port}/"

    def _stop(self) -> None:
        if self._processes.stop_all():
            self._screen.say(f"Stopped. The data stays in {self._folder}")
        if self._postgres is not None:
            self._postgres.clean_up()
