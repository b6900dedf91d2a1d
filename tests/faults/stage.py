"""What a fault is told: the stack, people, chance, and when the healing began."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orders.models import Order
from orders.states import Status
from tests.faults.judgement import Verdict, find_unsettled, judge
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
    # It leaves behind what no later fault should have to do with.
    is_last: bool = False
    # Whether the programs that it needs are installed.
    can_happen: bool = True
    # It happens to a stack of its own on a file system that can be filled.
    needs_small_disk: bool = False
    # It happens to a stack of its own, because of all that it leaves there.
    is_alone: bool = False


@dataclass
class Stage:
    """One fault's time on the stack."""

    stack: FaultStack
    dice: random.Random
    orders: int
    # How many orders the nemesis has.
    nemesis: int = 0
    # How many orders arrive before the workers do.
    overload: int = 0
    # How often two people race.
    races: int = 0
    # How many seconds Temporal is away, and a worker halted, at least.
    away: float = 0
    stories: list[Story] = field(default_factory=list)
    healed_at: float | None = None
    # The log of the gateway, where it is a program of its own.
    gateway_log: Path | None = None
    # What has to be done once the fault is judged.
    afterwards: ExitStack = field(default_factory=ExitStack)

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

    def let_live(self, stories: Sequence[Story]) -> None:
        """Have people live these stories to their end, once more where they have been lived before."""
        with crowd_at_work(stories):
            pass

    def wait_for_orders(self, crowd: Crowd, count: int) -> None:
        """Wait until so many orders were acknowledged: the middle of the work."""
        wait_until(lambda: crowd.count_told() >= count, seconds=60, what=f"{count} orders")

    def wait_for_completed(self, count: int) -> None:
        """Wait until so many of the orders are completed."""

        def are_completed() -> bool:
            ids = [story.order_id for story in self.stories if story.order_id]
            return Order.objects.filter(order_id__in=ids, status=Status.COMPLETED).count() >= count

        wait_until(are_completed, seconds=90, what=f"{count} completed orders")

    def wait_until_settled(self) -> None:
        """Wait until everything has come to rest, while what is broken stays so."""
        wait_until(lambda: not find_unsettled(self.stories), seconds=90, what="the rest of all orders")

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
        return judge(
            self.stories, healed_at=self.healed_at, seconds=seconds, gone=self.stack.gone, log=self.gateway_log
        )
