"""API keys in the admin: shown once, made by superusers alone."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from orders.errors import KeyRefused
from orders.models import ApiKey, Shop
from orders.shops import keys

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/apikey/"
CONFIRMED = {"confirm_password": "demo"}
KEY = re.compile(r"ock_[0-9A-Z]{8}_[A-Za-z0-9_-]{43}")


@pytest.fixture
def admin_client(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    client.post("/admin/auth/group/", CONFIRMED | {"confirm_method": "GET"})
    return client


def add(client: Client, **changes: Any) -> Any:
    facts = {
        "shop": Shop.objects.get_or_create(name="Berlin")[0].pk,
        "name": "web shop",
        "scopes": ["submit", "read"],
        "limit_per_minute": 60,
    }
    return client.post(f"{LIST}add/", facts | CONFIRMED | changes)


def test_a_new_key_is_shown_once(admin_client: Client) -> None:
    response = add(admin_client)
    (text,) = KEY.findall(response.content.decode())
    assert "no-store" in response["Cache-Control"]
    client = keys.recognise_key(text)
    assert (client.key.created_by, client.key.limit_per_minute, client.get_username()) == ("admin", 60, "api-web-shop")
    for path in (LIST, f"{LIST}{client.key.pk}/change/"):
        page = admin_client.get(path).content.decode()
        assert client.key.prefix in page
        assert not KEY.search(page)
    assert not any(text in f"{entry.change_message}{entry.object_repr}" for entry in LogEntry.objects.all())


def test_a_key_may_act_as_a_chosen_account(admin_client: Client, alice: User) -> None:
    (text,) = KEY.findall(add(admin_client, account=alice.pk).content.decode())
    assert keys.recognise_key(text).pk == alice.pk


def test_a_key_without_scopes_is_refused_beside_the_form(admin_client: Client) -> None:
    response = add(admin_client, scopes=[])
    assert response.status_code == 200
    assert not ApiKey.objects.exists()


def test_keys_are_rotated_and_revoked(admin_client: Client) -> None:
    (former,) = KEY.findall(add(admin_client).content.decode())
    key = keys.recognise_key(former).key
    chosen = {"_selected_action": [str(key.pk)]}
    (text,) = KEY.findall(admin_client.post(LIST, {"action": "rotate"} | chosen).content.decode())
    keys.recognise_key(text)
    admin_client.post(LIST, {"action": "revoke"} | chosen)
    with pytest.raises(KeyRefused):
        keys.recognise_key(former)


def test_nobody_but_a_superuser_makes_keys(client: Client, bob: User) -> None:
    bob.is_staff = True
    bob.save()
    bob.user_permissions.add(*Permission.objects.filter(codename__in=["add_apikey", "view_apikey", "add_shop"]))
    client.force_login(bob)
    assert client.get(LIST).status_code == 200
    assert add(client).status_code == 403
    assert not ApiKey.objects.exists()
