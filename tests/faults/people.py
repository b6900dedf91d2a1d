"""People who submit orders and decide on them while something breaks, and who remember what they were told.

What a person was told is what has to come true: an order or a decision counts as acknowledged once the call that made
it has returned. A person whose call fails tries again, with the same key, as the form of the console does.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from queue import Empty, SimpleQueue
from typing import Final, TypeVar
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from orders.decisions import decide
from orders.errors import AlreadyDecided, OrderError, TooLate
from orders.intake import submission
from orders.models import Order
from orders.states import Status
from tests.making import Colleague, make_draft

T = TypeVar("T")

AT_ONCE: Final = 4
# How long a person goes on trying, and how soon again.
PATIENCE_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 0.2


class Wish(StrEnum):
    """What people want of an order."""

    APPROVE = "approve"
    CANCEL = "cancel"
    APPROVE_THEN_CANCEL = "approve, then cancel"
    DECLINED_CARD = "approve, with a card that is declined"
    UNREACHABLE = "approve, to where no carrier goes"
    LEAVE = "leave undecided"


WEIGHTS: Final = {
    Wish.APPROVE: 12,
    Wish.CANCEL: 2,
    Wish.APPROVE_THEN_CANCEL: 3,
    Wish.DECLINED_CARD: 1,
    Wish.UNREACHABLE: 1,
    Wish.LEAVE: 1,
}


@dataclass
class Story:
    """One order, and what its people were told: the order's id, and which decisions were taken or refused."""

    key: str
    wish: Wish
    pause: float = 0.0
    wanted_id: str = ""
    payment_method: str = ""
    order_id: str = ""
    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def expected(self) -> Status:
        """Where the order has to get, by what people were told."""
        if "cancel" in self.taken:
            return Status.CANCELLED
        if "approve" not in self.taken:
            return Status.PENDING_MANUAL_APPROVAL
        is_refused = self.wish in {Wish.DECLINED_CARD, Wish.UNREACHABLE}
        return Status.CANCELLED if is_refused else Status.COMPLETED


def plan_stories(dice: random.Random, count: int, *, wishes: Sequence[Wish] = ()) -> list[Story]:
    """Return what people will do: as chance says, or by turns what is given."""
    every, weights = list(WEIGHTS), list(WEIGHTS.values())
    return [
        Story(
            key=str(UUID(int=dice.getrandbits(128))),
            wish=wishes[number % len(wishes)] if wishes else dice.choices(every, weights)[0],
            pause=dice.uniform(0, 0.3),
        )
        for number in range(count)
    ]


class Crowd:
    """Some people at once, each with one order after another."""

    def __init__(self, stories: Sequence[Story]) -> None:
        self.stories = list(stories)
        self._waiting: SimpleQueue[Story] = SimpleQueue()
        for story in stories:
            self._waiting.put(story)
        self._give_up_at = time.monotonic() + PATIENCE_SECONDS
        self._people = [threading.Thread(target=self._work, daemon=True) for _ in range(AT_ONCE)]

    def start(self) -> None:
        """Have everybody begin."""
        for person in self._people:
            person.start()

    def join(self) -> None:
        """Wait until everybody is done, or has given up."""
        for person in self._people:
            person.join()

    def count_told(self) -> int:
        """Return how many orders were acknowledged so far."""
        return sum(bool(story.order_id) for story in self.stories)

    def _work(self) -> None:
        try:
            while True:
                live(self._waiting.get_nowait(), self._insist)
        except Empty:
            return
        finally:
            connection.close()

    def _insist(self, call: Callable[[], T]) -> T:
        """Try until it is done. Raises OrderError, and what failed when the patience is over."""
        while True:
            try:
                return call()
            except (DatabaseError, InterfaceError):
                connection.close()
                if time.monotonic() > self._give_up_at:
                    raise
                time.sleep(PAUSE_SECONDS)


def live(story: Story, insist: Callable[[Callable[[], object]], object]) -> None:
    """Submit the story's order and decide on it."""
    payer = "emma+declined@example.com" if story.wish == Wish.DECLINED_CARD else "emma@example.com"
    postcode = "00000" if story.wish == Wish.UNREACHABLE else "10115"
    draft = make_draft(customer_email=payer, address_postcode=postcode, payment_method=story.payment_method)
    clerk, approver = Colleague("alice", pk=None), Colleague("bob")

    def submit() -> None:
        order = submission.submit_order(draft, actor=clerk, idempotency_key=story.key, order_id=story.wanted_id)
        story.order_id = order.order_id

    def approve() -> None:
        decide.approve_order(Order.objects.get(order_id=story.order_id), actor=approver)

    def cancel() -> None:
        decide.cancel_order(Order.objects.get(order_id=story.order_id), actor=approver, reason="Customer called")

    try:
        insist(submit)
        time.sleep(story.pause)
        if story.wish not in {Wish.CANCEL, Wish.LEAVE}:
            _take(story, "approve", lambda: insist(approve))
        if story.wish == Wish.APPROVE_THEN_CANCEL:
            time.sleep(story.pause)
        if story.wish in {Wish.CANCEL, Wish.APPROVE_THEN_CANCEL}:
            _take(story, "cancel", lambda: insist(cancel))
    except (DatabaseError, InterfaceError, OrderError) as error:
        story.failure = f"{type(error).__name__}: {error}"


def _take(story: Story, kind: str, call: Callable[[], object]) -> None:
    """Decide, and remember what was said. Who is told that it was decided already did so in a call that failed."""
    try:
        call()
    except AlreadyDecided:
        story.taken.append(kind)
    except TooLate:
        story.refused.append(kind)
    else:
        story.taken.append(kind)


@contextmanager
def crowd_at_work(stories: Sequence[Story]) -> Iterator[Crowd]:
    """Have people live these stories during the block, and wait for them at its end."""
    crowd = Crowd(stories)
    crowd.start()
    yield crowd
    crowd.join()
