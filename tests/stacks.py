"""`manage.py runstack` as a process that a test starts, asks and stops."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from console.environment import names_read
from tests.forked import run_python
from tests.programs import ROOT, free_port
from tests.waiting import wait_until

READY = "Ctrl-C stops everything.\n"
# A start takes 25 s on two idle processors, and three times that beside the rest of the suite.
LONGEST_START_SECONDS = 240
PARTS = ("--without", "web", "--without", "workers")


class RunningStack:
    """A `runstack` process, in `folder`."""

    def __init__(self, folder: Path, *arguments: str, **changes: str) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        self.port, self.temporal_port, self.ui_port = (free_port() for _ in range(3))
        ports = {"PORT": self.port, "TEMPORAL_PORT": self.temporal_port, "TEMPORAL_UI_PORT": self.ui_port}
        self.environment = clean_environment(folder) | {name: str(port) for name, port in ports.items()} | changes
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "runstack", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self.log.read_text()

    @property
    def children(self) -> dict[str, int]:
        """The process ids of its programs, by name."""
        record: list[dict[str, Any]] = json.loads((self.folder / "children.json").read_text())
        return {each["name"]: each["pid"] for each in record}

    @property
    def settings(self) -> dict[str, str]:
        """What it tells other terminals."""
        settings: dict[str, str] = json.loads((self.folder / "environment.json").read_text())
        return settings

    def wait_until_ready(self) -> None:
        """Wait for its last line of the start."""
        wait_until(
            lambda: READY in self.output or self.process.poll() is not None,
            seconds=LONGEST_START_SECONDS,
            what="the start",
        )
        assert self.process.poll() is None, self.output

    def wait_for_end(self) -> int:
        """Wait for its end; return the exit code."""
        return self.process.wait(60)

    def stop(self) -> int:
        """Ask it to stop; return the exit code."""
        self.process.terminate()
        return self.wait_for_end()

    def status_of(self, order_id: str) -> str:
        """Return the status of an order."""
        with psycopg.connect(self.settings["DATABASE_URL"]) as connection:
            row = connection.execute("SELECT status FROM orders_order WHERE order_id = %s", [order_id]).fetchone()
            return str(row[0]) if row else ""

    def statuses(self) -> list[str]:
        """Return the statuses of its orders, read from its database."""
        with psycopg.connect(self.settings["DATABASE_URL"]) as connection:
            return [row[0] for row in connection.execute("SELECT status FROM orders_order ORDER BY id")]


def clean_environment(folder: Path) -> dict[str, str]:
    """Return an environment that says nothing of an installation but the stack's folder."""
    foreign = {*names_read(), "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in foreign} | {"STACK_FOLDER": str(folder)}


def run(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end."""
    return run_python(("manage.py", *arguments), environment)


def get_status(port: int, path: str, *, address: str = "127.0.0.1", host: str = "") -> int:
    """Ask the web server at `address`, with `host` as the Host header, and return the status of its answer."""
    connection = http.client.HTTPConnection(address, port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        return connection.getresponse().status
    finally:
        connection.close()
