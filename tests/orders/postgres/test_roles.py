"""The two database roles: the programs live an order's whole life, and cannot take away what keeps the history."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from console.stack.postgres import find_programs
from tests.programs import ROOT

NAME = "console"
# What the programs do, in a process of their own, as in production: submit, decide, charge, ship, cancel, look.
LIFE = """
import json
from django.contrib.auth.models import User
from django.test import Client
from orders.engine.audit import audit_orders
from orders.models import Order
from orders.postgres.database_check import DatabaseCheck
from tests.making import build_order, make_user
orders = [build_order("COMPLETED"), build_order("CANCELLED", cancelled_from="PAID")]
client = Client(headers={"host": "testserver"})
client.force_login(make_user("bob", "approver"))
check = DatabaseCheck()
print(json.dumps({
    "statuses": [order.status for order in orders],
    "events": [order.events.count() for order in orders],
    "pages": [client.get(page).status_code for page in ("/orders/", orders[0].get_absolute_url())],
    "probe": [check.look(), check._may_write],
    "found": [found.sentence for found in audit_orders().discrepancies],
}))
"""


@pytest.fixture(scope="module")
def server(postgres: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tests' server with the roles and the database that Compose makes, migrated by the owner."""
    environment = {
        "PATH": f"{find_programs()}:{os.defpath}",
        "PGHOST": postgres["HOST"],
        "PGPORT": str(postgres["PORT"]),
        "CONSOLE_DB_PASSWORD": "owner",
        "CONSOLE_APP_DB_PASSWORD": "app",
    }
    for _ in range(2):  # it may be run again
        done = subprocess.run(
            ["sh", ROOT / "database" / "roles.sh"], env=environment, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
    run(postgres, "console", "migrate", "--noinput", "--verbosity=0")
    yield postgres
    with connect(postgres, "postgres", "postgres") as connection:
        connection.execute(f"DROP DATABASE {NAME}")
        connection.execute("DROP ROLE console_app")
        connection.execute("DROP ROLE console")


def connect(server: dict[str, Any], role: str, database: str = NAME) -> psycopg.Connection[Any]:
    return psycopg.connect(host=server["HOST"], port=server["PORT"], user=role, dbname=database, autocommit=True)


def run(server: dict[str, Any], role: str, *arguments: str) -> str:
    url = f"postgresql://{role}@:{server['PORT']}/{NAME}?host={server['HOST']}"
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings", "DATABASE_URL": url, "DEBUG": "true"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_programs_role_is_enough_for_the_life_of_an_order(server: dict[str, Any]) -> None:
    told = json.loads(run(server, "console_app", "shell", "--no-imports", "-c", LIFE).splitlines()[-1])

    assert told["statuses"] == ["COMPLETED", "CANCELLED"]
    assert min(told["events"]) > 5
    assert told["pages"] == [200, 200]
    assert told["probe"] == ["ok", True], "it tries whether the disk has room"
    assert told["found"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE orders_orderevent",
        "TRUNCATE orders_order CASCADE",
        "TRUNCATE auth_user CASCADE",
        "DROP TRIGGER orders_orderevent_is_append_only ON orders_orderevent",
        "ALTER TABLE orders_orderevent DISABLE TRIGGER ALL",
        "ALTER TABLE orders_payment DISABLE TRIGGER payment_stays_what_it_is_for",
        "ALTER TABLE orders_payment DROP COLUMN amount",
        "ALTER TABLE orders_payment OWNER TO console_app",
        "DROP TABLE orders_decision CASCADE",
        "DROP FUNCTION refuse_removal CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_removal() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE mine (at timestamptz)",
        "CREATE TEMPORARY TABLE orders_order (id int)",
        "CREATE SCHEMA mine",
        "SET session_replication_role = replica",
        "SET ROLE console",
        "SET SESSION AUTHORIZATION console",
        "GRANT console TO console_app",
        "ALTER ROLE console_app SUPERUSER",
        "CREATE DATABASE another",
    ],
)
def test_the_programs_role_cannot_go_round_the_rules(server: dict[str, Any], statement: str) -> None:
    with connect(server, "console_app") as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(statement)
    assert isinstance(caught.value, psycopg.errors.InsufficientPrivilege), caught.value


def test_it_owns_nothing_and_tables_to_come_are_its_to_write(server: dict[str, Any]) -> None:
    with connect(server, "console") as owner, connect(server, "console_app") as app:
        owned = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = 'console_app'::regrole"
        assert owner.execute(owned).fetchone() == (0,)
        owner.execute("CREATE TABLE later (id bigint GENERATED BY DEFAULT AS IDENTITY, line text)")
        app.execute("INSERT INTO later (line) VALUES ('written')")
        app.execute("UPDATE later SET line = 'again'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("TRUNCATE later")
        owner.execute("DROP TABLE later")


def test_the_triggers_hold_for_the_owner_as_well(server: dict[str, Any]) -> None:
    with connect(server, "console") as owner, pytest.raises(psycopg.errors.RestrictViolation, match="never removed"):
        owner.execute("TRUNCATE orders_orderevent")
