"""The reasons for cancelling that lists can be filtered by: the shop's own, also those that are off its list.

They are read now and then: no list is wrong because a new reason can be filtered by half a minute later. What may be
chosen for a decision is asked for afresh.
"""

import time
from typing import Final

from orders.labels.stored import describe_stored
from orders.models import Reason
from orders.states import ReasonKind

FRESH_SECONDS: Final = 30.0


class _Known:
    """The reasons as they were read last."""

    def __init__(self) -> None:
        self._reasons: tuple[tuple[str, str], ...] = ()
        self._until = 0.0

    def get(self) -> tuple[tuple[str, str], ...]:
        """Return codes with words; two that read at the same time come to the same."""
        if time.monotonic() >= self._until:
            found = Reason.objects.filter(kind=ReasonKind.CANCEL).order_by("position", "id")
            self._reasons = tuple(found.values_list("code", "words"))
            self._until = time.monotonic() + FRESH_SECONDS
        return self._reasons


_known = _Known()


def known_reasons() -> tuple[tuple[str, str], ...]:
    """Return the codes of the shop's reasons for cancelling, each with its words, in the order of the list."""
    return tuple((code, describe_stored(words)) for code, words in _known.get())


def forget() -> None:
    """Forget what was read, as in a new process."""
    global _known  # noqa: PLW0603
    _known = _Known()
