"""What `manage.py order replay` does: it needs the workflows' code, which the command `order` may not import."""

import asyncio
import json
import logging
import re
import time
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from temporalio.service import RPCError

from orders.engine import temporal_client
from orders.postgres.clock import database_now
from workers.replay import replay_runs


class Command(BaseCommand):
    """Replays live runs against the code that is installed here."""

    help = (
        "Replays the histories of all open runs, and with --since those that began after it, against this code. "
        "Exit codes: 0 all fit, 1 one does not, or Temporal cannot be reached, 2 wrong usage."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=read_since, help="also closed runs, from this date, or so long ago: 7d, 12h"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay and print. Exit code 1 when a run does not fit."""
        since = options["since"]
        logging.getLogger("temporalio").setLevel(logging.CRITICAL)  # each mismatch is told once, below
        try:
            replay = asyncio.run(replay_runs(database_now() - since if isinstance(since, timedelta) else since))
        except (RPCError, RuntimeError) as error:  # a refused connection is a plain RuntimeError
            raise CommandError(f"Temporal is not answering: {' '.join(str(error).split())}") from error
        finally:
            time.sleep(temporal_client.EXIT_PAUSE_SECONDS)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(replay)))
        else:
            for each in replay.mismatches:
                self.stdout.write(f"{each.workflow_id}  {each.run_id}  {each.problem}")
            self.stdout.write(f"Runs replayed: {replay.runs}. Runs that do not fit: {len(replay.mismatches)}.")
        if replay.mismatches:
            raise CommandError("Deploying this code would stop these runs. See CONTRIBUTING.md on changing a workflow.")


def read_since(text: str) -> datetime | timedelta:
    """Read a date or a time in ISO 8601, or a number of days or hours back, such as 7d. Raises ArgumentTypeError."""
    if found := re.fullmatch(r"([0-9]{1,4})([dh])", text):
        return timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is neither a date nor a span such as 7d or 12h") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
