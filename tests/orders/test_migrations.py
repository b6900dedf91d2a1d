"""The migrations: what they made, compared with what the code of today says; and that they never read that code."""

import ast
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from orders.permissions import ROLES
from orders.states import ReasonCode, Status
from tests.forked import run_python
from tests.programs import ROOT

OURS = ("console", "orders", "workers")
MIGRATIONS = sorted(path for package in OURS for path in (ROOT / package).glob("**/migrations/*.py"))
TODAY = "as_the_models_say"

# Loads each migration in a process without applications, and names our own modules that it imported.
LOAD = """
import importlib, sys
for path in sys.argv[1:]:
    importlib.import_module(path.removesuffix(".py").replace("/", "."))
print(*(name for name in sys.modules if name.split(".")[0] in {"console", "orders", "workers"}))
"""

COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
    pg_get_expr(adbin, adrelid)
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
"""
CONSTRAINTS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype NOT IN ('n', 't')
"""
ROLES_IN_DATABASE = """
SELECT auth_group.name, array_agg(codename)
FROM auth_group JOIN auth_group_permissions ON group_id = auth_group.id
    JOIN auth_permission ON permission_id = auth_permission.id
GROUP BY auth_group.name
"""
INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s::regclass"


def imports_of(source: str) -> Iterable[str]:
    """Return the modules that a file imports, also inside functions; an import relative to it begins with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in {"__import__", "import_module", "import_string"}:
                yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def is_live(module: str) -> bool:
    """Tell whether a module is code that may change: ours, but no frozen copy beside the migrations."""
    parts = module.split(".")
    return (parts[0] in OURS and "migrations" not in parts) or module.startswith("..")


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_imports_nothing_that_may_change(path: Path) -> None:
    assert [module for module in imports_of(path.read_text()) if is_live(module)] == []


@pytest.mark.parametrize(
    "line",
    [
        "import orders.reading.search",
        "from orders.states import TRANSITIONS",
        "from orders import states",
        "from console.labels import WORDS",
        "from .. import states",
        "def work(apps, schema_editor):\n    from workers import steps",
        "importlib.import_module('orders.permissions')",
        "import_string('orders.permissions.ROLES')",
    ],
)
def test_live_code_is_noticed(line: str) -> None:
    assert any(is_live(module) for module in imports_of(line))


def test_the_migrations_load_without_the_code() -> None:
    paths = [str(path.relative_to(ROOT)) for path in MIGRATIONS if path.stem != "__init__"]

    result = run_python(("-c", LOAD, *paths), os.environ)

    assert result.returncode == 0, result.stderr
    came_along = {name for name in result.stdout.split() if is_live(name) and name not in OURS}
    assert came_along == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("constraint", "values"),
    [
        ("order_status_is_known", set(Status)),
        ("order_reason_code_is_known", {"", *ReasonCode}),
    ],
)
def test_postgresql_knows_the_same_values(constraint: str, values: set[str]) -> None:
    rows = _read("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", constraint)

    assert set(re.findall(r"'([^']*)'", rows[0][0])) == values


@pytest.mark.django_db
def test_the_database_is_what_the_models_say() -> None:
    """Makes every table once more from today's models, in a schema of its own, and compares the two definitions."""
    models = [model for package in OURS for model in apps.get_app_config(package).get_models()]
    tables = [model._meta.db_table for model in models]
    migrated = {table: _describe(table) for table in tables}
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {TODAY}")
        cursor.execute(f"SET LOCAL search_path = {TODAY}, public")
    with connection.schema_editor() as editor:
        for model in models:
            editor.create_model(model)

    assert {table: _describe(table) for table in tables} == migrated


@pytest.mark.django_db
def test_the_roles_are_made_with_their_rights() -> None:
    """What tests leave behind is removed, and these rows stand as the migrations wrote them; see tests/emptying.py."""
    rows = _read(ROLES_IN_DATABASE)

    assert {name: set(codenames) for name, codenames in rows} == {name: set(ROLES[name]) for name in ROLES}


def _describe(table: str) -> dict[str, Counter[Any]]:
    """Return columns, constraints and indexes of the table that the search path finds, without names made by chance."""
    return {
        "columns": Counter(_read(COLUMNS, table)),
        "constraints": Counter(_read(CONSTRAINTS, table)),
        "indexes": Counter(
            re.sub(rf"INDEX \S+ ON ({TODAY}|public)\.", "INDEX ON ", text) for (text,) in _read(INDEXES, table)
        ),
    }


def _read(query: str, *parameters: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[Any] = cursor.fetchall()
    return rows


@pytest.mark.django_db
def test_a_database_of_another_version_is_left_alone() -> None:
    MigrationRecorder(connection).record_applied("orders", "0022_of_another_version")
    with pytest.raises(CommandError, match=r"does not know: orders\.0022_of_another_version\. .*make reset"):
        call_command("migrate", verbosity=0)
