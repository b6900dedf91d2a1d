"""Answers that serve many people for a moment: who looks at the same thing as others does not ask for it again.

Nobody is served twice by the same answer, so that no poll is answered by what its page knows already.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from django.utils.translation import get_language

T = TypeVar("T")

SHARED_SECONDS: Final = 1.0
MOST_SHARED: Final = 500


@dataclass(frozen=True)
class _Kept(Generic[T]):
    answer: T
    until: float
    served: set[int] = field(default_factory=set)


class SharedAnswers(Generic[T]):
    """The answers of the last moment, by what was asked and in which language. They are the same for all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, _Kept[T]] = {}

    def get(self, key: Hashable, reader: int, ask: Callable[[], T], *, is_fresh: bool = False) -> T:
        """Return an answer that `reader`, an account, has not had yet; `is_fresh` asks in any case."""
        key = (key, get_language())
        with self._lock:
            kept = None if is_fresh else self._kept.get(key)
            if kept is not None and kept.until > time.monotonic() and reader not in kept.served:
                kept.served.add(reader)
                return kept.answer
        until = time.monotonic() + SHARED_SECONDS  # counted from before it was asked
        answer = ask()
        with self._lock:
            if len(self._kept) >= MOST_SHARED:
                self._kept.clear()
            self._kept[key] = _Kept(answer, until, {reader})
        return answer

    def forget(self) -> None:
        """Forget every answer, as in a new process."""
        with self._lock:
            self._kept.clear()
