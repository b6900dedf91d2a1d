"""Authorisations that are captured or released: workers killed at each point, answers lost; judged from the log."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.test import override_settings

from tests.faults.failing_worker import POINTS_OF_CAPTURES
from tests.faults.gateway_program import GatewayProgram
from tests.faults.of_gateway import AWAY_SECONDS, LEAST_MISDEEDS, start_paying
from tests.faults.people import Crowd, Wish, crowd_at_work
from tests.faults.stage import Fault, Stage
from tests.waiting import wait_until

# What the shop sends with an order: that its total is held.
AUTHORISATION: Final = "sim_auth_2500_EUR"
CAPTURE: Final = {"PAYMENT_CAPTURE": "authorised"}
WISHES: Final = (Wish.APPROVE, Wish.CANCEL, Wish.APPROVE, Wish.APPROVE_THEN_CANCEL, Wish.UNREACHABLE, Wish.LEAVE)
# Long enough for a worker to die before its end, and short enough that the next one finds that it had its effect.
SLOW_SECONDS: Final = 3.0
TITLES: Final = {
    "hold-after-yes": "A worker is killed after the gateway confirmed what is held, before that is written",
    "capture-before": "A worker is killed before it asks the gateway for a capture",
    "capture-during-call": "A worker is killed in the middle of a capture, which takes effect later",
    "capture-after-yes": "A worker is killed after the gateway captured, before that is written",
    "capture-after-commit": "A worker is killed after the capture was written",
    "release-before": "A worker is killed before it asks the gateway to release what is held",
    "release-during-call": "A worker is killed in the middle of a release, which takes effect later",
    "release-after-yes": "A worker is killed after the gateway released, before that is written",
    "release-after-commit": "A worker is killed after the release was written",
}


@contextmanager
def holding_there(
    stage: Stage, wishes: Sequence[Wish], *, failpoint: str = ""
) -> Iterator[tuple[GatewayProgram, Crowd]]:
    """Have people at work whose orders bring authorisations, and a worker that captures them with the program."""
    program = start_paying(stage, failpoint=failpoint, PAYMENT_CAPTURE=CAPTURE["PAYMENT_CAPTURE"])
    stories = stage.plan(wishes=wishes)
    for story in stories:
        story.payment_method = AUTHORISATION
    with override_settings(**CAPTURE), crowd_at_work(stories) as crowd:
        yield program, crowd


def kill_at(point: str) -> Callable[[Stage], None]:
    """Return the fault of a worker that dies at this point; another one takes over."""
    wishes = [Wish.CANCEL, Wish.APPROVE] if point.startswith("release") else [Wish.APPROVE, Wish.CANCEL]

    def act(stage: Stage) -> None:
        with holding_there(stage, wishes, failpoint=point) as (program, _):
            if point.endswith("during-call"):
                call = "void" if point.startswith("release") else "capture"
                program.misbehave("slow", call=call, seconds=SLOW_SECONDS)
            stage.stack.workers[0].wait_for_end()
            stage.stack.start_worker(**program.settings, **CAPTURE)
            stage.healed_at = time.monotonic()

    return act


def lose_answers(stage: Stage) -> None:
    """Do what is asked and do not answer, or answer with 500; some of each call."""
    with holding_there(stage, WISHES) as (program, _):
        for call in ("accept", "capture", "void"):
            program.misbehave("time-out-after", call=call, times=1)
            program.misbehave("fail-after", call=call, times=2)
        wait_until(
            lambda: program.count_misdeeds() >= LEAST_MISDEEDS, seconds=90, what=f"{LEAST_MISDEEDS} lost answers"
        )
    program.behave()
    stage.healed_at = time.monotonic()


def lose_replies(stage: Stage) -> None:
    """Lose on the way what the gateway answers."""
    with holding_there(stage, WISHES) as (program, crowd):
        stage.wait_for_orders(crowd, stage.orders // 2)
        stage.wait_for_completed(1)
        program.line.lose_replies()
        time.sleep(AWAY_SECONDS)
        program.line.heal()
        stage.healed_at = time.monotonic()


OF_CAPTURES: Final = (
    *(Fault(f"worker-killed-{point}", TITLES[point], kill_at(point)) for point in POINTS_OF_CAPTURES),
    Fault("captures-unanswered", "The gateway holds, captures and releases, and does not say so", lose_answers),
    Fault("captures-replies-lost", "What the gateway answers to captures and releases is lost", lose_replies),
)
