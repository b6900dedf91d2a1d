"""Makes the database ready for the stack: migrations, demo accounts and demo keys."""

import json
import os
import sys
from pathlib import Path
from typing import Final

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from console.stack.accounts import ACCOUNTS, DemoAccounts, ensure_accounts
from console.stack.demo_keys import ensure_keys
from console.stack.folder import write_private

WORDS: Final = {
    DemoAccounts.MADE: f"made {', '.join(ACCOUNTS)}",
    DemoAccounts.UNCHANGED: "unchanged",
    DemoAccounts.CHANGED: "the demo accounts have the new password",
    DemoAccounts.ABSENT: "no demo accounts, because this database has its own users",
}


def main(result: str) -> None:
    """Write a line for each thing done; end with one sentence and exit code 1 where one fails.

    The demo accounts' password comes from DEMO_PASSWORD. What became of them goes into the file `result`.
    """
    try:
        tell(f"Database: {apply_migrations()}")
        accounts = ensure_accounts(os.environ["DEMO_PASSWORD"])
        has_made_keys = accounts is not DemoAccounts.ABSENT and ensure_keys(Path(result).parent)
    except CommandError as error:
        sys.exit(str(error))
    except DatabaseError as error:
        sys.exit(f"The database of DATABASE_URL cannot be used: {' '.join(str(error).split())}")
    tell(f"Accounts: {WORDS[accounts]}")
    if has_made_keys:
        tell("API keys: made")
    write_private(Path(result), json.dumps({"demo_accounts": accounts}))


def read_result(path: Path) -> DemoAccounts:
    """Return what the last `main` wrote into `path`."""
    return DemoAccounts(json.loads(path.read_text())["demo_accounts"])


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
