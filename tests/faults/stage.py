"""What a fault is told: the stack, people, chance, and when the healing began."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.judgement import Verdict, judge
from tests.faults.people import Crowd, Story, Wish, crowd_at_work, plan_stories
from tests.faults.stack import FaultStack
from tests.waiting import wait_until


@dataclass(frozen=True)
class Fault:
    """Something that breaks. `act` breaks it while people are at work; whatever it leaves broken is healed after it."""

    name: str
    title: str
    act: Callable[["Stage"], None]
    # One of the short run that is part of `make test`.
    is_short: bool = False


@dataclass
class Stage:
    """One fault's time on the stack."""

    stack: FaultStack
    dice: random.Random
    orders: int
    stories: list[Story] = field(default_factory=list)
    healed_at: float | None = None

    def plan(self, count: int = 0, *, wishes: Sequence[Wish] = ()) -> list[Story]:
        """Plan stories, as many as the suite has for a fault; they are judged at the end."""
        planned = plan_stories(self.dice, count or self.orders, wishes=wishes)
        self.stories += planned
        return planned

    @contextmanager
    def people(self, count: int = 0, *, wishes: Sequence[Wish] = ()) -> Iterator[Crowd]:
        """Have people at work during the block."""
        with crowd_at_work(self.plan(count, wishes=wishes)) as crowd:
            yield crowd

    def wait_for_orders(self, crowd: Crowd, count: int) -> None:
        """Wait until so many orders were acknowledged: the middle of the work."""
        wait_until(lambda: crowd.count_told() >= count, seconds=60, what=f"{count} orders")

    def heal(self) -> None:
        """Bring everything back; from here on the time to recover is taken."""
        self.healed_at = time.monotonic()
        self.stack.heal()

    def judge(self, *, seconds: float) -> Verdict:
        """Heal what is left, wait until all has come to rest, and say what became of it."""
        if self.healed_at is None:
            self.heal()
        assert self.healed_at is not None
        self.stack.heal()
        return judge(self.stories, healed_at=self.healed_at, seconds=seconds)
