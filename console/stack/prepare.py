"""Makes the database ready for the stack: migrations and demo accounts."""

import os
import sys

from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from console.stack.accounts import ensure_accounts


def main() -> None:
    """Write a line for each thing done; end with one sentence and exit code 1 where one fails.

    The demo accounts' password comes from DEMO_PASSWORD.
    """
    try:
        tell(f"Database: {apply_migrations()}")
        tell(f"Accounts: {ensure_accounts(os.environ['DEMO_PASSWORD'])}")
    except DatabaseError as error:
        sys.exit(f"The database of DATABASE_URL cannot be used: {' '.join(str(error).split())}")


def apply_migrations() -> str:
    """Bring the tables up to date; say what was done."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    call_command("migrate", verbosity=0, interactive=False)
    return f"{missing} migrations applied" if missing else "tables are up to date"


def tell(text: str) -> None:
    """Hand a line to the stack, which listens to our output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
