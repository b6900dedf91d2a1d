"""A database with the two roles that Compose makes: `console` owns and migrates it, `console_app` is the programs'."""

import os
import subprocess
from typing import Any

import psycopg

from console.stack.postgres import find_programs
from tests.forked import run_python
from tests.programs import ROOT

NAME = "console"


def make_roles(postgres: dict[str, Any]) -> None:
    """Run the script that makes the roles and the database, and migrate it as its owner."""
    environment = {
        "PATH": f"{find_programs()}:{os.defpath}",
        "PGHOST": postgres["HOST"],
        "PGPORT": str(postgres["PORT"]),
        "CONSOLE_DB_PASSWORD": "owner",
        "CONSOLE_APP_DB_PASSWORD": "app",
    }
    for _ in range(2):  # it may be run again
        done = subprocess.run(
            ["sh", ROOT / "database" / "roles.sh"], env=environment, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, "")
    run(postgres, "console", "migrate", "--noinput", "--verbosity=0")


def drop_roles(postgres: dict[str, Any]) -> None:
    """Remove the database and the roles."""
    with connect(postgres, "postgres", "postgres") as connection:
        connection.execute(f"DROP DATABASE {NAME}")
        connection.execute("DROP ROLE console_app")
        connection.execute("DROP ROLE console")


def connect(server: dict[str, Any], role: str, database: str = NAME) -> psycopg.Connection[Any]:
    return psycopg.connect(host=server["HOST"], port=server["PORT"], user=role, dbname=database, autocommit=True)


def run(server: dict[str, Any], role: str, *arguments: str) -> str:
    url = f"postgresql://{role}@:{server['PORT']}/{NAME}?host={server['HOST']}"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings", "DATABASE_URL": url, "DEBUG": "true"}
    done = run_python(("manage.py", *arguments), environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
