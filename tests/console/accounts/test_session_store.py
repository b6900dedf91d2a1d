"""console.accounts.session_store: who is signed in and what they may do, by one query and always as it is now."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from console.accounts import session_store
from tests.asking import leads_to_login

pytestmark = pytest.mark.django_db
PAGE = "/orders/new/"


@pytest.fixture
def alices(client: Client, alice: User) -> Client:
    """Alice's browser, which has been here before."""
    client.force_login(alice)
    assert client.get(PAGE).status_code == 200
    return client


def test_session_account_and_rights_are_one_query(
    alices: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert alices.get(PAGE).status_code == 200


def test_the_first_request_in_a_process_costs_one_more(
    alices: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    session_store._accounts_of_sessions.clear()
    with django_assert_num_queries(2):
        assert alices.get(PAGE).status_code == 200


def test_a_right_counts_from_the_next_request_on(alices: Client, alice: User) -> None:
    alice.groups.remove(Group.objects.get(name="clerk"))
    assert alices.get(PAGE).status_code == 403
    alice.user_permissions.add(Permission.objects.get(codename="add_order"))
    assert alices.get(PAGE).status_code == 200


def test_a_superuser_may_everything(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    for _ in range(2):
        assert client.get(PAGE).status_code == 200
        assert client.get("/admin/orders/order/").status_code == 200


@pytest.mark.parametrize("change", ["deactivated", "deleted", "other password", "session ended", "other backends"])
def test_who_is_signed_out_elsewhere_is_so_here(alices: Client, alice: User, settings: Settings, change: str) -> None:
    match change:
        case "deactivated":
            User.objects.filter(pk=alice.pk).update(is_active=False)
        case "deleted":
            alice.delete()
        case "other password":
            alice.set_password("something else")
            alice.save()
        case "session ended":
            Session.objects.all().delete()
        case "other backends":
            settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    assert alices.get(PAGE)["Location"] == leads_to_login(PAGE)


def test_what_a_process_remembers_of_a_session_is_only_a_guess(alices: Client, alice: User, charlie: User) -> None:
    """The session is charlie's by now, whom the process never met: nobody gets alice's page."""
    store = session_store.SessionStore(alices.session.session_key)
    assert store.find_account() == alice
    store["_auth_user_id"] = str(charlie.pk)
    store["_auth_user_hash"] = charlie.get_session_auth_hash()
    store.save()
    assert alices.get(PAGE).status_code == 403
    assert session_store.SessionStore(store.session_key).find_account() == charlie


def test_it_remembers_no_more_sessions_than_it_may(
    alices: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_store, "MOST_REMEMBERED", 2)
    for _ in range(4):
        client = Client()
        client.force_login(alice)
        client.get(PAGE)
    assert len(session_store._accounts_of_sessions) <= 2
