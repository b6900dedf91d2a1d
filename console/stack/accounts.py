"""The demo accounts. Nothing but the local stack makes them."""

from enum import StrEnum
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group

# Names and groups; the admin is a superuser.
ACCOUNTS: Final = {"viewer": "viewer", "clerk": "clerk", "approver": "approver", "approver2": "approver", "admin": ""}
# The mark of an account that the stack made, and may therefore give another password.
MARK: Final = "@demo.invalid"


class DemoAccounts(StrEnum):
    """What a start of the stack did about them."""

    MADE = "MADE"
    UNCHANGED = "UNCHANGED"
    CHANGED = "CHANGED"  # they got another password
    ABSENT = "ABSENT"  # the database has people of its own


def ensure_accounts(password: str) -> DemoAccounts:
    """Make the demo accounts in an installation without people, or give those there `password`."""
    people = get_user_model().objects
    demo = people.filter(username__in=ACCOUNTS, email__endswith=MARK)
    if not people.exists():
        encoded = make_password(password)
        for name, group in ACCOUNTS.items():
            person = people.create(
                username=name, email=name + MARK, password=encoded, is_staff=not group, is_superuser=not group
            )
            person.groups.set(Group.objects.filter(name=group))
        return DemoAccounts.MADE
    if not demo.exists():
        return DemoAccounts.ABSENT
    # One hash serves them all, because each costs as much time as it is meant to.
    if not all(check_password(password, encoded) for encoded in demo.values_list("password", flat=True).distinct()):
        demo.update(password=make_password(password))
        return DemoAccounts.CHANGED
    return DemoAccounts.UNCHANGED
