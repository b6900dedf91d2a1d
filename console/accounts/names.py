"""User names: what a new one may look like, and that nobody gets the name that the history knows as somebody else.

The history tells who did something by the name of that time. So a name is not changed once the account was used, and a
new one must not be taken for an old one.
"""

import re
from typing import Final

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Decision, Order
from orders.texts import fold_name

ALLOWED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9@.+_-]*")
HELP: Final = gettext_lazy(
    "Letters from A to Z without accents, digits and @ . + - _. It cannot be changed once the account has "
    "been used, because the history of orders refers to it."
)
# A capital I looks like a small L, whichever of them is written.
LOOK_ALIKES: Final = str.maketrans("01i", "oll")


def check_new_name(name: str, *, account_id: int | None) -> None:
    """Raise ValidationError with a sentence when the account may not get this name; `account_id` is None for a new one.

    Letters are those of English alone, because foreign ones can look just the same (the Cyrillic a, for one).
    """
    if not ALLOWED.fullmatch(name):
        raise ValidationError(
            _("Use letters from A to Z without accents, digits and @ . + - _. Begin with a letter or digit.")
        )
    others = User.objects.exclude(pk=account_id or 0).values_list("username", flat=True)
    for other in others:
        if fold_name(other) == fold_name(name):
            sentence = _("There is already an account %(name)s. Capital letters make no difference.")
            raise ValidationError(sentence % {"name": other})
        if _looks_like(other) == _looks_like(name):
            sentence = _("This looks too much like the account %(name)s. Choose a different name.")
            raise ValidationError(sentence % {"name": other})
    submitted = Order.objects.filter(submitted_by__iexact=name).exclude(submitter_account_id=account_id)
    decided = Decision.objects.filter(actor__iexact=name).exclude(actor_account_id=account_id)
    if (
        submitted.filter(submitter_account_id__isnull=False).exists()
        or decided.filter(actor_account_id__isnull=False).exists()
    ):
        raise ValidationError(
            _("Someone else used this name in the history of orders before their account was removed.")
        )


def is_used(user: User) -> bool:
    """Tell whether somebody has signed in to the account or done something with it, so that a trail leads to it."""
    return (
        user.last_login is not None
        or LogEntry.objects.filter(user_id=user.pk).exists()
        or Order.objects.filter(submitter_account_id=user.pk).exists()
        or Decision.objects.filter(actor_account_id=user.pk).exists()
    )


def _looks_like(name: str) -> str:
    return fold_name(name).translate(LOOK_ALIKES).replace("rn", "m")
