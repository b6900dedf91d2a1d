"""What an open page of the list asks for every few seconds: 204, or the rows and counts that have changed.

Most polls find nothing new, so a poll reads as little as tells that. Many people look at the same page: what one poll
has read serves others for a second, but nobody twice, so that no poll is answered by what it knows already.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import QuerySet

from console.access import CurrentUser
from console.desk.list_asked import ListAsked
from console.desk.rows import FACTS, RowFacts
from console.desk.tabs import Tab, due_counts, keep_counts
from console.forms import PAGE_SIZE
from console.system.engine import describe_engine
from orders.models import Order
from orders.reading.counts import read_with_counts

SHARED_SECONDS: Final = 1.0
MOST_SHARED: Final = 500
NEWS: Final = "news"
HASH_LENGTH: Final = 12


@dataclass(frozen=True)
class Answer:
    """What is known of the rows of an open page, and how many orders have come to its tab since."""

    facts: tuple[RowFacts, ...]
    news: int
    until: float = 0.0
    served: set[int] = field(default_factory=set)


class _Answers:
    """The answers of the last moment, by what was asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[Any, Answer] = {}

    def get(self, key: Any, reader: int, ask: Callable[[], Answer], *, is_fresh: bool) -> Answer:
        """Return an answer that `reader` has not had yet."""
        with self._lock:
            answer = None if is_fresh else self._answers.get(key)
            if answer is not None and answer.until > time.monotonic() and reader not in answer.served:
                answer.served.add(reader)
                return answer
        answer = ask()
        answer.served.add(reader)
        with self._lock:
            if len(self._answers) >= MOST_SHARED:
                self._answers.clear()
            self._answers[key] = answer
        return answer


_answers = _Answers()


def forget() -> None:
    """Forget what was read, as in a new process."""
    global _answers  # noqa: PLW0603
    _answers = _Answers()


def read_facts(asked: ListAsked, *, reader: int) -> Answer:
    """Return what is known now of the rows that the page shows; `reader` is the account of who looks at it."""
    newest = None if asked.search else asked.newest
    key = (tuple(asked.rows), asked.status, newest)
    return _answers.get(key, reader, lambda: _read(asked, newest), is_fresh=asked.is_fresh)


def _read(asked: ListAsked, newest: int | None) -> Answer:
    """Read rows, news and, where they are due, the counts of the tabs by one statement."""
    until = time.monotonic() + SHARED_SECONDS
    counted: dict[str, QuerySet[Any]] = {} if asked.search else due_counts(is_fresh=asked.is_fresh)
    if newest is not None:
        # To a page without rows every order is new, also one that has only now come to this tab.
        candidates = Order.objects.filter(pk__gt=newest) if asked.rows else Order.objects.all()
        counted[NEWS] = asked.narrow(candidates).order_by()[:PAGE_SIZE]
    shown = Order.objects.with_message_on_its_way().with_trouble().with_read_at()
    rows = shown.filter(order_id__in=list(asked.rows)).order_by().values_list(*FACTS)
    counts, found = read_with_counts(counted, rows)
    news = counts.pop(NEWS, 0)
    keep_counts(counts)
    by_id = {facts.order_id: facts for facts in (RowFacts(*line) for line in found)}
    return Answer(tuple(by_id[order_id] for order_id in asked.rows if order_id in by_id), news, until)


def describe_seen(current_user: CurrentUser, facts: Iterable[RowFacts], tabs: Iterable[Tab], news: int) -> str:
    """Return a short text that changes when anything that the page shows does; it begins with what the person may."""
    shown = [str(news), describe_engine()]
    shown += [f"{each.order_id} {each.state(current_user)}" for each in facts]
    shown += [f"{tab.label} {tab.count}" for tab in tabs]
    return f"{_hash(str(current_user))}{_hash(*shown)}"


def is_anothers(current_user: CurrentUser, seen: str) -> bool:
    """Tell whether a page that shows `seen` was made for other rights than the person has now."""
    return len(seen) == 2 * HASH_LENGTH and not seen.startswith(_hash(str(current_user)))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:HASH_LENGTH]
