"""The settings of a person as pages read them: they come along with the session."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from console.models import PersonalSettings

# What the statement of the session reads of them; nothing where nobody has set anything.
FIELDS: Final = ("can_undo", "density", "time_zone", "language")
_KEPT: Final = "_personal_settings"


def keep_settings(account: User, values: Sequence[Any]) -> None:
    """Keep with the account what was read of its settings, in the order of FIELDS."""
    known = {name: value for name, value in zip(FIELDS, values, strict=True) if value is not None}
    setattr(account, _KEPT, PersonalSettings(account_id=account.pk, **known))


def read_settings(user: User | AnonymousUser) -> PersonalSettings:
    """Return the settings of the person; a statement only where they did not come with the session."""
    known: PersonalSettings | None = getattr(user, _KEPT, None)
    if known is None:
        known = PersonalSettings.objects.filter(pk=user.pk).first() or PersonalSettings(account_id=user.pk or 0)
        setattr(user, _KEPT, known)
    return known


def read_language(account: User) -> str:
    """Return the language in which the console writes to somebody: the one that they chose, else English."""
    return read_settings(account).language or settings.LANGUAGE_CODE
