"""Workers that are killed at each point of a charge, stopped, rolled, frozen; and partners that fail."""

import time
from collections.abc import Callable
from typing import Final

from tests.faults.failing_worker import POINTS
from tests.faults.people import Wish
from tests.faults.stage import Fault, Stage

TITLES: Final = {
    "before-intent": "A worker is killed before it writes that it will charge",
    "after-intent": "A worker is killed after it wrote that it will charge, before it asks the gateway",
    "during-call": "A worker is killed in the middle of the call to the gateway",
    "after-yes": "A worker is killed after the gateway said yes, before that is written",
    "after-commit": "A worker is killed after the charge was written",
    "before-report": "A worker is killed before Temporal hears that the charge is done",
    "after-refund-intent": "A worker is killed before it asks the gateway for a refund",
    "after-refund-commit": "A worker is killed after the refund was written",
}


def kill_at(point: str) -> Callable[[Stage], None]:
    """Return the fault of a worker that dies at this point; another one takes over."""
    wishes = [Wish.APPROVE] if "refund" not in point else [Wish.UNREACHABLE, Wish.APPROVE]

    def act(stage: Stage) -> None:
        stage.stack.stop_workers()
        with stage.people(wishes=wishes):
            doomed = stage.stack.start_worker(failpoint=point)
            doomed.wait_for_end()
            stage.heal()

    return act


def kill_any(stage: Stage) -> None:
    """Kill workers three times, whatever they do, while another one starts."""
    with stage.people(2 * stage.orders) as crowd:
        for number in range(3):
            stage.wait_for_orders(crowd, number * stage.orders // 2)
            stage.wait_for_completed(number)
            stage.stack.start_worker()
            stage.stack.workers[0].kill()
            stage.stack.heal()


def roll(stage: Stage) -> None:
    """Replace the worker twice as a deployment does: the new one starts, then the old one drains."""
    with stage.people(2 * stage.orders):
        for number in (1, 2):
            stage.wait_for_completed(number)
            old = stage.stack.workers.pop(0)
            stage.stack.start_worker()
            assert old.stop() == 0, "a worker that was asked to stop did not drain"


def freeze(stage: Stage) -> None:
    """Halt the worker that has the tasks; another one finishes them, and then the first goes on with what it held."""
    with stage.people():
        stage.wait_for_completed(1)
        frozen = stage.stack.workers[0]
        with frozen.frozen():
            end = time.monotonic() + stage.away
            stage.stack.start_worker()
            stage.wait_for_completed(3)
            time.sleep(max(0.0, end - time.monotonic()))


def flaky(stage: Stage) -> None:
    """A third of the calls to gateway, warehouse and carrier fail, a third hang, half of those after taking effect."""
    stage.stack.stop_workers()
    stage.stack.start_worker(FLAKY_FAIL_RATE="0.33", FLAKY_HANG_RATE="0.2")
    with stage.people(wishes=[Wish.APPROVE, Wish.APPROVE_THEN_CANCEL, Wish.UNREACHABLE]):
        stage.wait_for_completed(1)
    stage.stack.stop_workers()


OF_WORKERS: Final = (
    *(
        Fault(f"worker-killed-{point}", TITLES[point], kill_at(point), is_short=point in {"after-intent", "after-yes"})
        for point in POINTS
    ),
    Fault("workers-killed", "Workers are killed three times under load", kill_any),
    Fault("workers-rolled", "Workers are replaced under load (SIGTERM)", roll),
    Fault("worker-frozen", "A worker is halted with its tasks, and goes on when others have done them", freeze),
    Fault("partners-flaky", "Gateway, warehouse and carrier fail and hang, often after taking effect", flaky),
)
