"""Measures what the design promises, as ratios within one run: `make benchmark`, or `python -m tests.benchmark 200000`.

Each line compares the way that was taken with the one that was not, on the same rows in the same PostgreSQL. Times
differ from machine to machine; the ratios are what docs/benchmarks.md speaks of.
"""

import importlib
import os
import sys
from urllib.parse import quote

import django
from django.db import connections

from tests.database import started_postgres


def main() -> None:
    """Start a PostgreSQL of the benchmark's own, tell Django of it, and compare on it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with started_postgres() as database:
        url = f"postgresql://{database['USER']}@:{database['PORT']}/postgres?host={quote(database['HOST'], safe='')}"
        os.environ |= {
            "DEBUG": "false",
            "SECRET_KEY": "only-for-benchmarks-and-long-enough-for-the-checks-0123456789",
            "ALLOWED_HOSTS": "localhost",
        }
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "console.settings"}
        django.setup()
        # Models can be imported only now that Django knows its database.
        importlib.import_module("tests.benchmark_lists").run(count)
        connections.close_all()


if __name__ == "__main__":
    main()
