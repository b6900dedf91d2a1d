"""What a submission by a program may cost, by tests/budgets.toml: statements are counted, times are not."""

import tomllib
from typing import Final

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.models import ApiKey
from orders.shops.keys import recognise_key
from tests.console.api.calling import Program
from tests.programs import ROOT

pytestmark = pytest.mark.django_db
BUDGETS: Final = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())["api"]["statements"]


def test_a_submission() -> None:
    program = Program("submit")
    program.submit()
    with CaptureQueriesContext(connection) as sent:
        assert program.submit().status_code == 201
    statements = [query["sql"] for query in sent.captured_queries]
    assert len(statements) <= BUDGETS["submission"], "\n".join(statements)


def test_the_commit_of_a_count_is_not_waited_for() -> None:
    program = Program("submit")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        recognise_key(program.text)
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("off",)
    assert ApiKey.objects.get().calls_in_minute == 1
