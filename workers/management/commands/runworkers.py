"""`manage.py runworkers`: serve the Temporal task queues until SIGTERM or SIGINT.

Exit codes: 0 after a clean stop; 1 when tasks did not end in time, a worker or a companion ended unexpectedly, or a
second signal asked for a hard stop; 2 for wrong arguments. With `--check`: 0 when the processes are working, 1 if not.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from orders.engine import temporal_client
from orders.postgres.faults import describe_error
from workers import attempts, logs
from workers.companions import CompanionEnded
from workers.processes import Supervisor
from workers.readiness import check_workers, describe_as_json, describe_health
from workers.worker import QUEUES, DrainTimeout, serve_queues

# Ctrl-C reaches a whole group of processes, and a parent among them may pass it on: that is one wish, not two.
SAME_WISH_SECONDS: Final = 0.5


class Command(BaseCommand):
    """Run the workers of both task queues, or of one."""

    help = "Runs the Temporal workers until SIGTERM or Ctrl-C. A second signal stops them at once."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--processes",
            type=_read_count,
            metavar="N",
            help="number of worker processes, each restarted when it ends; by default only this process",
        )
        parser.add_argument("--queue", choices=QUEUES, help="the task queue to serve (both)")
        parser.add_argument(
            "--check",
            action="store_true",
            help="report on this machine's worker processes instead of running any; exit code 0 if all is well",
        )
        parser.add_argument(
            "--everywhere", action="store_true", help="with --check: report the processes of all machines"
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help="with --check: exit with code 1 also when orders are in trouble (degraded)",
        )
        parser.add_argument("--json", action="store_true", help="with --check: print JSON")
        parser.add_argument("--end-with-stdin", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped, or tell how those that run are doing."""
        if options["check"]:
            self._check(options)
            return
        logs.shape_lines()
        attempts.hear_stray_failures()
        queue: str | None = options["queue"]
        if options["processes"]:
            _supervise(options["processes"], ["--queue", queue] if queue else [])
        else:
            _serve([queue] if queue else QUEUES, ends_with_stdin=options["end_with_stdin"])

    def _check(self, options: dict[str, Any]) -> None:
        """Tell how the worker processes are doing. A probe: quick, and a sentence for whatever is wrong."""
        try:
            health = check_workers(is_everywhere=options["everywhere"])
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"not ready\n  - {describe_error(error)}") from error
        told = json.dumps(describe_as_json(health)) if options["json"] else "\n".join(describe_health(health))
        self.stdout.write(told)
        if not health.is_ready or (options["strict"] and health.problems):
            sys.exit(1)


def _read_count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)


def _supervise(count: int, arguments: Sequence[str]) -> None:
    manage = str(settings.BASE_DIR / "manage.py")
    supervisor = Supervisor([sys.executable, manage, "runworkers", "--end-with-stdin", *arguments], count)
    _on_stop_signals(supervisor.stop, hard=supervisor.kill)
    if not supervisor.run():
        raise CommandError("Some worker processes did not end cleanly.")


def _serve(queues: Sequence[str], *, ends_with_stdin: bool) -> None:
    logs.hear_core()
    try:
        asyncio.run(_serve_until_told(queues, ends_with_stdin=ends_with_stdin))
    except (DrainTimeout, CompanionEnded) as error:
        # Threads that never end would hold up an ordinary exit for as long.
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)
    finally:
        temporal_client.close()
        if "pool" in connection.settings_dict["OPTIONS"]:
            connection.close_pool()  # type: ignore[attr-defined]
        time.sleep(temporal_client.EXIT_PAUSE_SECONDS)


async def _serve_until_told(queues: Sequence[str], *, ends_with_stdin: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    _on_stop_signals(lambda: loop.call_soon_threadsafe(stop.set))
    if ends_with_stdin:
        loop.add_reader(sys.stdin.fileno(), _stop_at_end_of_stdin, loop, stop)
    await serve_queues(queues, stop)


def _stop_at_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    loop.remove_reader(sys.stdin.fileno())
    stop.set()


def _on_stop_signals(stop: Callable[[], object], *, hard: Callable[[], object] = lambda: None) -> None:
    """Call `stop` at the first SIGTERM or SIGINT; at a second one call `hard` and end this process at once."""
    first_at: float | None = None

    def take(number: int, frame: FrameType | None) -> None:
        nonlocal first_at
        if first_at is None:
            first_at = time.monotonic()
            stop()
        elif time.monotonic() - first_at > SAME_WISH_SECONDS:
            hard()
            os._exit(1)

    signal.signal(signal.SIGTERM, take)
    signal.signal(signal.SIGINT, take)
