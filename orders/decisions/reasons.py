"""The reasons that people choose from, as the shop has written them; the list is edited in the admin."""

from typing import Final

from orders.errors import OrderInvalid
from orders.models import Reason
from orders.states import ReasonKind

# The code of a reason that is told in the text beside it. It is always there, also where the list has no such line.
OTHER: Final = "OTHER"
OTHER_WORDS: Final = "Other"


def list_reasons(kind: ReasonKind) -> list[Reason]:
    """Return the reasons that may be chosen, in the order of the list."""
    return list(Reason.objects.filter(kind=kind, is_active=True).order_by("position", "id"))


def find_reason(kind: ReasonKind, code: str) -> Reason:
    """Return the reason of a code, OTHER for none. Raises OrderInvalid for one that may not be chosen."""
    reasons = list_reasons(kind)
    for reason in reasons:
        if reason.code == (code or OTHER):
            return reason
    if code in {"", OTHER}:
        return Reason(kind=kind, code=OTHER, words=OTHER_WORDS)
    codes = ", ".join(reason.code for reason in reasons)
    raise OrderInvalid(f"The reason code must be one of {codes}.")
