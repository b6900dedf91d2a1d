"""The words that many orders have, as PostgreSQL's statistics know them: what a search should not begin with."""

import threading
import time
from typing import Final

from django.db import connection

# Frequent words stay frequent, and PostgreSQL itself counts the words of a large table seldom.
FRESH_SECONDS: Final = 300.0
# Marks of codes in a search document, see the migration that makes it.
NO_WORDS: Final = "#$=~"
STATISTICS: Final = """
SELECT word, share
FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) AS each (word, share)
WHERE schemaname = current_schema() AND tablename = 'orders_order' AND attname = 'search_document'
    AND word IS NOT NULL AND left(word, 1) <> ALL (%s)
"""


class _Known:
    """The words as they were read last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words: tuple[list[str], list[float]] = ([], [])
        self._until = 0.0

    def get(self) -> tuple[list[str], list[float]]:
        """Return the words and their shares; one caller reads them again when it is time, others need not wait."""
        with self._lock:
            is_due = time.monotonic() >= self._until
            if is_due:
                self._until = time.monotonic() + FRESH_SECONDS
        if is_due:
            self._words = self._read()
        return self._words

    def _read(self) -> tuple[list[str], list[float]]:
        with connection.cursor() as cursor:
            cursor.execute(STATISTICS, [list(NO_WORDS)])
            found = cursor.fetchall()
        return [word for word, _ in found], [share for _, share in found]


_known = _Known()


def known_words() -> tuple[list[str], list[float]]:
    """Return words, and with each the share of the orders that have it; none before the statistics know any."""
    return _known.get()


def forget() -> None:
    """Forget what was read, as in a new process."""
    global _known  # noqa: PLW0603
    _known = _Known()
