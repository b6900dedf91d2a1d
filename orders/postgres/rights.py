"""The rights of an account, read along with what names the account instead of by two questions of their own."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.auth.models import User

# The names of all permissions of an account, its own and its groups'. `account` is what stands for its id.
READ_RIGHTS: Final = """
ARRAY(
    SELECT app_label || '.' || codename
    FROM auth_permission JOIN django_content_type ON django_content_type.id = content_type_id
    WHERE auth_permission.id IN (
        SELECT permission_id FROM auth_user_user_permissions WHERE user_id = {account}
        UNION ALL
        SELECT permission_id FROM auth_user_groups JOIN auth_group_permissions USING (group_id)
        WHERE user_id = {account}
    )
)
"""


def keep_rights(account: User, rights: Iterable[str]) -> None:
    """Have the account know its rights; a superuser has all of them, and none that could be listed."""
    if not account.is_superuser:
        known: Any = account
        known._perm_cache = set(rights)  # where Django's ModelBackend keeps them
