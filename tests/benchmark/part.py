"""Runs one part on a PostgreSQL of its own: `python -m tests.benchmark.part NAME FILE ORDERS ROUNDS`."""

import importlib
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import django
from django.core.management import call_command
from django.db import connections

from tests.benchmark.figures import Figure, PartResult, Scale
from tests.benchmark.machine import Machine
from tests.database import started_postgres


def main() -> None:
    """Measure a part and write what it found out."""
    part, path, orders, rounds = sys.argv[1:]
    machine = Machine()
    with started_postgres() as database, tempfile.TemporaryDirectory() as static:
        url = f"postgresql://{database['USER']}@:{database['PORT']}/postgres?host={quote(database['HOST'], safe='')}"
        os.environ |= {
            "DEBUG": "false",
            "SECRET_KEY": "only-for-benchmarks-and-long-enough-for-the-checks-0123456789",
            "ALLOWED_HOSTS": "localhost",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": url,
            "STATIC_ROOT": static,
            "DJANGO_SETTINGS_MODULE": "console.settings",
        }
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        # Models can be imported only now that Django knows its database.
        measured: list[Figure] = importlib.import_module(f"tests.benchmark.{part}").measure(
            Scale(int(orders), int(rounds))
        )
        connections.close_all()
    machine.look_again()
    result = PartResult(part, measured, machine.facts, machine.complaint)
    Path(path).write_text(json.dumps(asdict(result), ensure_ascii=False))


if __name__ == "__main__":
    main()
