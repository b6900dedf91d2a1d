"""`manage.py createsuperuser`: Django's own, with the console's rules for user names."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.core.exceptions import ValidationError

from console.accounts import names


class Command(createsuperuser.Command):
    """Makes an account that may do everything; its name must not be taken for another one."""

    def _validate_username(self, username: Any, verbose_field_name: Any, database: Any) -> Any:
        """Return what is wrong with the name, or None."""
        if complaint := super()._validate_username(username, verbose_field_name, database):  # type: ignore[misc]
            return complaint
        try:
            names.check_new_name(username, account_id=None)
        except ValidationError as error:
            return " ".join(error.messages)
        return None
