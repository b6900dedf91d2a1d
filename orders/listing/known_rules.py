"""The names of the policy's rules, kept for a moment: every list offers them to be filtered by."""

import threading
import time
from typing import Final

from orders.models import PolicyRule

FRESH_SECONDS: Final = 30.0
MOST_NAMES: Final = 200


class _Known:
    """The names as they were read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: tuple[str, ...] = ()
        self._until = 0.0

    def get(self) -> tuple[str, ...]:
        """Return the names; one caller reads them again when it is time, others need not wait."""
        with self._lock:
            is_due = time.monotonic() >= self._until
            if is_due:
                self._until = time.monotonic() + FRESH_SECONDS
        if is_due:
            self._names = tuple(PolicyRule.objects.order_by("name").values_list("name", flat=True)[:MOST_NAMES])
        return self._names


_known = _Known()


def known_rules() -> tuple[str, ...]:
    """Return the names of the rules that there are, or were a moment ago."""
    return _known.get()


def forget() -> None:
    """Forget what was read, as in a new process."""
    global _known  # noqa: PLW0603
    _known = _Known()
