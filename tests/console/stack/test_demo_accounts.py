"""The demo accounts of the local stack: made where nobody is, and never mixed with real people."""

import pytest
from django.contrib.auth.models import User

from console.stack.accounts import DemoAccounts, ensure_accounts

pytestmark = pytest.mark.django_db


def test_they_are_made_in_an_empty_installation() -> None:
    assert ensure_accounts("demo") is DemoAccounts.MADE
    roles = {person.username: [group.name for group in person.groups.all()] for person in User.objects.all()}
    assert roles == {
        "viewer": ["viewer"],
        "clerk": ["clerk"],
        "approver": ["approver"],
        "approver2": ["approver"],
        "admin": [],
    }
    assert [person.username for person in User.objects.filter(is_superuser=True, is_staff=True)] == ["admin"]
    assert all(person.check_password("demo") for person in User.objects.all())


def test_they_stay_as_they_are_with_the_same_password() -> None:
    ensure_accounts("demo")
    before = list(User.objects.values())
    assert ensure_accounts("demo") is DemoAccounts.UNCHANGED
    assert list(User.objects.values()) == before


def test_they_take_another_password() -> None:
    ensure_accounts("demo")
    assert ensure_accounts("longer") is DemoAccounts.CHANGED
    assert all(person.check_password("longer") for person in User.objects.all())


def test_none_are_made_among_people(alice: User) -> None:
    assert ensure_accounts("demo") is DemoAccounts.ABSENT
    assert list(User.objects.all()) == [alice]


def test_a_person_with_the_same_name_keeps_the_password(alice: User) -> None:
    real = User.objects.create_user("admin", "admin@example.com", "only mine")
    ensure_accounts("demo")
    real.refresh_from_db()
    assert real.check_password("only mine")
