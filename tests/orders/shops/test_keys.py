"""API keys: shown once, recognised by a hash, bounded by scopes, time and a limit, rotated and revoked."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from orders.errors import KeyRefused, OrderError, TooManyCalls
from orders.models import ApiKey
from orders.postgres.clock import database_now
from orders.shops import keys
from orders.states import Channel
from tests.making import make_user

pytestmark = pytest.mark.django_db


def test_a_key_is_recognised_and_not_kept() -> None:
    key, text = keys.create_key(name="web shop", scopes=["submit", "read"])
    client = keys.recognise_key(text)
    assert client.key == key
    assert (client.shop.name, client.channel) == ("Shop", Channel.API)
    assert text.startswith(f"{key.prefix}_")
    secret = text.removeprefix(f"{key.prefix}_")
    assert not any(secret in str(value) for value in ApiKey.objects.filter(pk=key.pk).values()[0].values())


def test_a_key_without_an_account_gets_one_with_the_roles_it_needs() -> None:
    key, _ = keys.create_key(name="Web shop", scopes=["submit", "decide"])
    assert key.account.username == "api-web-shop"
    assert set(key.account.groups.values_list("name", flat=True)) == {"clerk", "approver"}
    assert not key.account.has_usable_password()


def test_no_key_takes_over_a_persons_account() -> None:
    make_user("api-web-shop")
    with pytest.raises(OrderError, match="a person's account"):
        keys.create_key(name="Web shop", scopes=["read"])


@pytest.mark.parametrize("text", ["", "ock_", "ock_00000000_" + "x" * 43, "Bearer", "ock_" + "é" * 8])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(KeyRefused):
        keys.recognise_key(text)


def test_a_key_with_another_secret_is_refused() -> None:
    _, text = keys.create_key(name="shop", scopes=["read"])
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    with pytest.raises(KeyRefused):
        keys.recognise_key(other)


def test_a_revoked_or_expired_key_is_refused() -> None:
    key, text = keys.create_key(name="shop", scopes=["read"])
    keys.revoke_key(key)
    with pytest.raises(KeyRefused, match="revoked"):
        keys.recognise_key(text)
    _, text = keys.create_key(name="shop", scopes=["read"], expires_at=database_now() - timedelta(seconds=1))
    with pytest.raises(KeyRefused, match="expired"):
        keys.recognise_key(text)


def test_the_key_of_an_inactive_account_is_refused(alice: User) -> None:
    _, text = keys.create_key(name="shop", scopes=["read"], account=alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(KeyRefused, match="inactive"):
        keys.recognise_key(text)


def test_a_rotated_key_and_its_successor_are_both_valid() -> None:
    key, former = keys.create_key(name="shop", scopes=["read"])
    successor, text = keys.rotate_key(key)
    assert keys.recognise_key(former).key.expires_at is not None
    assert keys.recognise_key(text).key == successor
    assert (successor.account, successor.scopes) == (key.account, ["read"])


def test_calls_beyond_the_limit_wait_for_the_next_minute() -> None:
    key, text = keys.create_key(name="shop", scopes=["read"], limit_per_minute=2)
    keys.recognise_key(text)
    keys.recognise_key(text)
    with pytest.raises(TooManyCalls) as refused:
        keys.recognise_key(text)
    assert 0 < refused.value.retry_seconds <= 60
    ApiKey.objects.filter(pk=key.pk).update(minute_began_at=database_now() - timedelta(minutes=1))
    keys.recognise_key(text)


def test_an_unknown_scope_is_refused_by_the_database_too() -> None:
    with pytest.raises(OrderError):
        keys.create_key(name="shop", scopes=["everything"])
    key, _ = keys.create_key(name="shop", scopes=["read"])
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.filter(pk=key.pk).update(scopes=["everything"])
