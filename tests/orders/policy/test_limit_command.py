"""`manage.py policy limit`: approval limits at the terminal."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from orders.models import ApprovalLimit, PolicyChange

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = StringIO()
    call_command("policy", "limit", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_limit_is_added_changed_listed_and_removed(bob: User) -> None:
    for amount in ("1000.00", "1500"):
        added = run("add", "--account", "bob", "--amount", amount, "--currency", "eur", "--by", "dana")
    assert run("list") == [added]
    assert (added["account"], added["amount"], added["currency"]) == ("bob", 150_000, "EUR")
    run("add", "--group", "approver", "--amount", "5", "--currency", "USD")
    run("remove", str(added["id"]))
    assert ApprovalLimit.objects.get().group is not None
    actions = PolicyChange.objects.order_by("id").values_list("action", "actor")[:2]
    assert list(actions) == [("ADDED", "dana"), ("CHANGED", "dana")]
    assert PolicyChange.objects.filter(action="REMOVED").count() == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "--account", "nobody", "--amount", "1", "--currency", "EUR"), "There is no account 'nobody'."),
        (("add", "--group", "approver", "--amount", "x", "--currency", "EUR"), "Use the digits 0 to 9"),
        (("add", "--group", "approver", "--amount", "1", "--currency", "E"), "--currency is three letters"),
        (("remove", "99"), "There is no limit 99."),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)
