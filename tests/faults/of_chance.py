"""A nemesis: one blow after another, as chance has it, while people go on."""

import time
from collections.abc import Callable
from typing import Final

from tests.faults.of_postgres import END_ONE
from tests.faults.stage import Fault, Stage

# Orders of a round, in the middle of which something breaks, or two things at once.
ROUND: Final = 8
LONGEST_SECONDS: Final = 14.0


def kill_worker(stage: Stage) -> None:
    stage.stack.workers[-1].kill()


def kill_temporal(stage: Stage) -> None:
    stage.stack.temporal.kill()


def kill_postgres(stage: Stage) -> None:
    stage.stack.postgres.kill()


def end_sessions(stage: Stage) -> None:
    for _ in range(5):
        stage.stack.sql(END_ONE)


def cut_line(stage: Stage) -> None:
    stage.stack.line.cut()


def lose_replies(stage: Stage) -> None:
    stage.stack.line.lose_replies()


def freeze_worker(stage: Stage) -> None:
    stage.stack.workers[-1].freeze()


def freeze_temporal(stage: Stage) -> None:
    stage.stack.temporal.freeze()


def freeze_postgres(stage: Stage) -> None:
    stage.stack.postgres.freeze()


# What needs an answering server comes before what takes it away.
BLOWS: Final[tuple[Callable[[Stage], None], ...]] = (
    *(end_sessions, kill_worker, freeze_worker, cut_line, lose_replies),
    *(kill_temporal, freeze_temporal, kill_postgres, freeze_postgres),
)


def strike(stage: Stage) -> None:
    """Go on until all orders of the nemesis were submitted; the seed says what breaks when, and for how long."""
    for _ in range(max(1, stage.nemesis // ROUND)):
        blows = sorted(stage.dice.sample(range(len(BLOWS)), stage.dice.choice((1, 1, 2))))
        seconds = stage.dice.uniform(0, LONGEST_SECONDS)
        with stage.people(ROUND) as crowd:
            stage.wait_for_orders(crowd, stage.dice.randrange(1, ROUND))
            for blow in blows:
                BLOWS[blow](stage)
            time.sleep(seconds)
            stage.heal()


OF_CHANCE: Final = (Fault("nemesis", "A nemesis: one or two of these at a time, again and again, by chance", strike),)
