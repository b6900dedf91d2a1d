"""Who may call the API, how often, and what the log says of it."""

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import ApiKey
from orders.shops.keys import revoke_key
from tests.console.api.calling import ORDERS, Program

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ock_00000000_x", "Basic YTpi", "Bearer é"])
def test_a_call_without_a_key_is_refused(header: str | None) -> None:
    response = Client().get(ORDERS, headers={"Authorization": header} if header else {})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json()["code"] == "key_refused"


def test_a_session_is_no_key(client: Client, bob: User) -> None:
    client.force_login(bob)
    assert client.get(ORDERS).status_code == 401


def test_a_revoked_key_is_refused() -> None:
    program = Program("read")
    assert program.get(ORDERS).status_code == 200
    revoke_key(program.key)
    assert program.get(ORDERS).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("post", "", {"submit"}),
        ("get", "", {"read"}),
        ("get", "/order-1", {"read"}),
        ("get", "/order-1/events", {"read"}),
        ("post", "/order-1/approve", {"decide"}),
        ("post", "/order-1/cancel", {"decide"}),
        ("post", "/order-1/extend", {"decide"}),
        ("post", "/order-1/refunds", {"refund"}),
        ("post", "/order-1/comments", {"decide", "submit"}),
        ("get", "/../events", {"read"}),
        ("get", "/../policy/trial", {"read"}),
    ],
)
def test_a_key_with_all_other_scopes_does_not_do(method: str, path: str, scopes: set[str]) -> None:
    program = Program(*sorted({*ApiKey.Scope.values} - scopes))
    address = f"{ORDERS}{path}".replace("/orders/../", "/")
    response = program.get(address) if method == "get" else program.post(address, {})
    assert (response.status_code, response.json()["code"]) == (403, "scope_missing")


def test_calls_beyond_the_limit_are_told_when_to_come_back() -> None:
    program = Program("read")
    ApiKey.objects.filter(pk=program.key.pk).update(limit_per_minute=1)
    assert program.get(ORDERS).status_code == 200
    response = program.get(ORDERS)
    assert (response.status_code, response.json()["code"]) == (429, "too_many_calls")
    assert 0 < int(response["Retry-After"]) <= 60


def test_the_log_names_the_key_and_not_its_secret(caplog: pytest.LogCaptureFixture) -> None:
    program = Program("read", name="erp")
    ApiKey.objects.filter(pk=program.key.pk).update(limit_per_minute=1)
    with caplog.at_level(logging.INFO):
        program.get(ORDERS)
        program.get(ORDERS)
        program.post(ORDERS, {})
    lines = [line for line in caplog.messages if line.startswith("api call")]
    assert [('key="erp"' in line, line.split("status=")[1].split()[0]) for line in lines] == [
        (True, "200"),
        (True, "429"),
        (True, "429"),
    ]
    assert program.text not in caplog.text
