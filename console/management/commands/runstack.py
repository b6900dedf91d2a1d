"""`manage.py runstack`: the whole console on this machine, from PostgreSQL to the web server."""

import argparse
import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from console.stack.errors import StackError
from console.stack.folder import StackFolder
from console.stack.options import MAY_BE_LEFT_OUT, keep_to_embedded, read_options
from console.stack.parent_watch import end_with_parent
from console.stack.stack import Stack

# The options, by the environment variable that each stands for.
OPTIONS = {
    "PORT": "port of the console (8000)",
    "BIND": "address the console listens on (127.0.0.1); 0.0.0.0 lets other machines in",
    "TEMPORAL_PORT": "port of the embedded Temporal (7233)",
    "TEMPORAL_UI_PORT": "port of its Web UI (8233)",
    "DEMO_PASSWORD": "password of the demo accounts (demo)",
    "DATABASE_URL": "PostgreSQL to use instead of the embedded one",
    "TEMPORAL_ADDRESS": "Temporal server to use instead of the embedded one",
}


class Command(BaseCommand):
    """Starts PostgreSQL, Temporal, workers and web server; stops them on Ctrl-C or SIGTERM."""

    help = (
        "Runs the console on this machine: an embedded PostgreSQL and Temporal, the workers and the web server, with "
        "demo accounts and sample orders. Each option can be given as an environment variable too; data and logs stay "
        "in the folder STACK_FOLDER, or .stack."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, text in OPTIONS.items():
            flag = f"--{name.lower().replace('_', '-')}"
            parser.add_argument(flag, dest=name, default=os.environ.get(name), metavar="VALUE", help=text)
        parser.add_argument(
            "--flaky", action="store_true", help="simulate unreliable gateway, warehouse and carrier (FLAKY=1)"
        )
        parser.add_argument(
            "--verbose", action="store_true", help="show every line of web server and workers (VERBOSE=1)"
        )
        parser.add_argument(
            "--without",
            action="append",
            default=[],
            choices=MAY_BE_LEFT_OUT,
            help="do not start this part, you start it yourself; can be repeated",
        )

        # For `make run`: a make that is killed cannot pass the signal on.
        parser.add_argument("--end-with-parent", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the stack until it is asked to stop; what is wrong is told in a sentence, with exit code 1."""
        chosen = {name: options[name] for name in OPTIONS if options[name] is not None}
        if options["flaky"]:
            chosen["FLAKY"] = "1"
        if options["verbose"]:
            chosen["VERBOSE"] = "1"
        os.umask(0o077)  # logs and data are for the person who runs the stack
        try:
            if options["end_with_parent"]:
                end_with_parent(os.getppid(), signal.SIGTERM)
            choices = read_options({**os.environ, **chosen}, left_out=options["without"])
            keep_to_embedded(choices)
            Stack(choices, StackFolder(os.environ)).run()
        except StackError as error:
            self.stderr.write(str(error))
            raise SystemExit(1) from error
