"""What an open page of the list asks for every few seconds: 204, or the rows and counts that have changed.

Most polls find nothing new, so a poll reads as little as tells that. Many people look at the same page: what one poll
has read serves others for a second, but nobody twice, so that no poll is answered by what it knows already.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from django.db.models import BooleanField, F, Func, QuerySet, Value

from console.access import CurrentUser
from console.desk.list_asked import ListAsked, narrow_to_tab
from console.desk.rows import FACTS, RowFacts
from console.desk.tabs import Tab, are_counts_due, keep_counts, list_counted
from console.forms import PAGE_SIZE
from console.shared import SharedAnswers
from console.system.engine import describe_engine
from orders.models import Order
from orders.reading.counts import Prepared, prepare

NEWS: Final = "news"
# No order has this primary key.
NEWEST_SLOT: Final = -1
# No order has it as its id.
ROWS_SLOT: Final = "rows"
HASH_LENGTH: Final = 12


class IsAmong(Func):
    """Whether an id is among those in a text, between commas: the driver takes longer for fifty values than for one."""

    arg_joiner = " = ANY(string_to_array("
    template = "%(expressions)s, ','))"
    output_field = BooleanField()


@dataclass(frozen=True)
class Answer:
    """What is known of the rows of an open page, and how many orders have come to its tab since."""

    facts: tuple[RowFacts, ...]
    news: int
    _states: dict[tuple[bool, bool], tuple[str, ...]] = field(default_factory=dict)

    def states(self, current_user: CurrentUser) -> tuple[str, ...]:
        """Return the states of the rows, worked out once for all who may decide the same."""
        rights = (current_user.may_approve, current_user.may_cancel)
        if (known := self._states.get(rights)) is None:
            known = self._states[rights] = tuple(facts.state(current_user) for facts in self.facts)
        return known


_answers: SharedAnswers[Answer] = SharedAnswers()


def forget() -> None:
    """Forget what was read, as in a new process."""
    _answers.forget()


def read_facts(asked: ListAsked, *, reader: int) -> Answer:
    """Return what is known now of the rows that the page shows; `reader` is the account of who looks at it."""
    newest = None if asked.is_narrowed else asked.newest
    key = (tuple(asked.rows), asked.status, newest)
    return _answers.get(key, reader, lambda: _read(asked, newest), is_fresh=asked.is_fresh)


def _read(asked: ListAsked, newest: int | None) -> Answer:
    """Read rows, news and, where they are due, the counts of the tabs by one statement."""
    is_due = not asked.is_narrowed and are_counts_due(is_fresh=asked.is_fresh)
    prepared = _prepare(asked.status, has_rows=bool(asked.rows), has_news=newest is not None, is_due=is_due)
    counts, found = prepared.read({ROWS_SLOT: ",".join(asked.rows), NEWEST_SLOT: newest})
    news = counts.pop(NEWS, 0)
    keep_counts(counts)
    by_id = {facts.order_id: facts for facts in (RowFacts(*line) for line in found)}
    return Answer(tuple(by_id[order_id] for order_id in asked.rows if order_id in by_id), news)


@cache
def _prepare(status: str, *, has_rows: bool, has_news: bool, is_due: bool) -> Prepared:
    """Put the statement together for a tab, with stand-ins for what differs from poll to poll."""
    counted: dict[str, QuerySet[Any]] = list_counted() if is_due else {}
    if has_news:
        # To a page without rows every order is new, also one that has only now come to this tab.
        candidates = Order.objects.filter(pk__gt=NEWEST_SLOT) if has_rows else Order.objects.all()
        counted[NEWS] = narrow_to_tab(status, candidates).order_by()[:PAGE_SIZE]
    shown = Order.objects.with_message_on_its_way().with_trouble().with_read_at()
    rows = shown.filter(IsAmong(F("order_id"), Value(ROWS_SLOT))).order_by().values_list(*FACTS)
    return prepare(counted, rows)


def describe_seen(current_user: CurrentUser, answer: Answer, tabs: Iterable[Tab]) -> str:
    """Return a short text that changes when anything that the page shows does; it begins with what the person may."""
    shown = [str(answer.news), describe_engine()]
    shown += [facts.order_id for facts in answer.facts]
    shown += answer.states(current_user)
    shown += [f"{tab.label} {tab.count}" for tab in tabs]
    return f"{_hash(str(current_user))}{_hash(*shown)}"


def is_anothers(current_user: CurrentUser, seen: str) -> bool:
    """Tell whether a page that shows `seen` was made for other rights than the person has now."""
    return len(seen) == 2 * HASH_LENGTH and not seen.startswith(_hash(str(current_user)))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:HASH_LENGTH]
