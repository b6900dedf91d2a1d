"""The demo accounts. Nothing but the local stack makes them."""

from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Group

# Names and groups; the admin is a superuser.
ACCOUNTS: Final = {"viewer": "viewer", "clerk": "clerk", "approver": "approver", "approver2": "approver", "admin": ""}
# The mark of an account that the stack made, and may therefore give another password.
MARK: Final = "@demo.invalid"
NO_ACCOUNTS: Final = "no demo accounts, for this database has people of its own"


def ensure_accounts(password: str) -> str:
    """Make the demo accounts in an installation without people, or give those there `password`; say what was done."""
    people = get_user_model().objects
    demo = people.filter(username__in=ACCOUNTS, email__endswith=MARK)
    if not people.exists():
        encoded = make_password(password)
        for name, group in ACCOUNTS.items():
            person = people.create(
                username=name, email=name + MARK, password=encoded, is_staff=not group, is_superuser=not group
            )
            person.groups.set(Group.objects.filter(name=group))
        return f"made {', '.join(ACCOUNTS)}"
    if not demo.exists():
        return NO_ACCOUNTS
    # One hash serves them all, because each costs as much time as it is meant to.
    if not all(check_password(password, encoded) for encoded in demo.values_list("password", flat=True).distinct()):
        demo.update(password=make_password(password))
        return "the demo accounts got the new password"
    return "as they were"
