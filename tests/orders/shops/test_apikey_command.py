"""`manage.py apikey`: what it prints, and what it never prints."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from orders.errors import KeyRefused
from orders.shops import keys

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("apikey", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_create_prints_the_key_alone() -> None:
    text = run("create", "--name", "web shop", "--scope", "submit", "--scope", "read")
    assert keys.recognise_key(text).key.scopes == ["read", "submit"]


def test_create_prints_json() -> None:
    told = json.loads(run("create", "--name", "erp", "--scope", "read", "--shop", "Berlin", "--json"))
    assert keys.recognise_key(told["key"]).shop.name == "Berlin"
    assert (told["name"], told["account"], told["expires_at"]) == ("erp", "api-erp", None)


def test_list_names_keys_by_their_beginning() -> None:
    text = run("create", "--name", "erp", "--scope", "read", "--expires-in", "30")
    listed = run("list")
    assert text[:12] in listed
    assert text not in listed
    (facts,) = json.loads(run("list", "--json"))
    assert (facts["prefix"], facts["last_used_at"]) == (text[:12], None)
    assert facts["expires_at"]


def test_revoke_and_rotate_name_a_key_by_its_beginning() -> None:
    former = run("create", "--name", "erp", "--scope", "read")
    successor = run("rotate", former[:12], "--hours", "1")
    keys.recognise_key(former)
    run("revoke", former[:12])
    keys.recognise_key(successor)
    with pytest.raises(KeyRefused):
        keys.recognise_key(former)


@pytest.mark.parametrize("arguments", [("revoke", "ock_NOTTHERE"), ("rotate", "x")])
def test_a_key_that_is_not_there_is_a_sentence(arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="There is no API key that begins with"):
        run(*arguments)


def test_an_unknown_account_is_a_sentence() -> None:
    with pytest.raises(CommandError, match="There is no account nobody"):
        run("create", "--name", "erp", "--scope", "read", "--account", "nobody")


def test_the_shell_may_pass_anything() -> None:
    evil = "\x1b[31m\udcff\u202e"
    told = json.loads(run("create", "--name", f"N{evil}", "--shop", f"S{evil}", "--scope", "read", "--json"))
    assert told["name"].isprintable()
    assert told["shop"].isprintable()
    for refused in (("revoke", evil), ("create", "--name", "erp", "--scope", "read", "--account", evil + "x")):
        with pytest.raises(CommandError, match="There is no"):
            run(*refused)
