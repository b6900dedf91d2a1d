"""New workflow code over orders that wait at every point, and back, as `workflow.patched` has it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orders.engine import runs
from orders.models import Order
from orders.states import Status
from tests.faults.people import Story, Wish
from tests.faults.stage import Fault, Stage
from tests.waiting import wait_until

MODULE: Final = "tests.faults.changed_worker"
# Each step, and an order that comes there; one more waits for its approval.
WISHES: Final = {
    "receive_order": Wish.APPROVE,
    "validate_order": Wish.APPROVE,
    "charge_payment": Wish.APPROVE,
    "refund_payment": Wish.UNREACHABLE,
    "prepare_package": Wish.APPROVE,
    "dispatch_carrier": Wish.APPROVE,
    "complete_order": Wish.APPROVE,
    "process_cancellation": Wish.UNREACHABLE,
}


def deploy(stage: Stage) -> None:
    """Hold orders at every step under today's code, and let tomorrow's lead them on."""
    _hold_everywhere(stage)
    waiting = stage.plan(2, wishes=[Wish.LEAVE])
    stage.let_live(waiting)
    stage.stack.stop_workers()
    stage.stack.start_worker(module=MODULE, TOMORROW="1")
    for story in waiting:
        story.wish = Wish.APPROVE
    stage.let_live(waiting)
    stage.wait_until_settled()
    stage.stack.stop_workers()


def deploy_and_go_back(stage: Stage) -> None:
    """Go back to today's code over runs that tomorrow's has begun, and forward again.

    Runs that have passed the change stand still under the old code, are named, and go on when the new one is back.
    """
    folder = _holds(stage)
    stage.stack.stop_workers()
    stage.stack.start_worker(module=MODULE, TOMORROW="1", HOLDS=str(folder))
    passed = _plan_held(stage, {"prepare_package": Wish.APPROVE})
    before = stage.plan(2, wishes=[Wish.LEAVE])
    stage.let_live([*passed, *before])
    hold_orders(folder, [story.wanted_id for story in passed])
    wait_until(lambda: _count(before, Status.PENDING_MANUAL_APPROVAL) == 2, seconds=60, what="the wait for a decision")
    stage.stack.stop_workers()
    stage.stack.start_worker()
    for story in before:
        story.wish = Wish.APPROVE
    stage.let_live(before)
    wait_until(lambda: _count(before, Status.COMPLETED) == 2, seconds=60, what="the end of those that had not passed")
    wait_until(lambda: _are_named(passed), seconds=90, what="the word that a run cannot go on")
    stage.stack.stop_workers()
    stage.stack.start_worker(module=MODULE, TOMORROW="1")
    stage.wait_until_settled()
    stage.stack.stop_workers()


def _holds(stage: Stage) -> Path:
    folder = stage.stack.folder.path / "holds"
    folder.mkdir(exist_ok=True)
    return folder


def hold_workers(stage: Stage) -> Path:
    """Replace the workers by one that holds orders where their ids say; return the folder that names those held."""
    folder = _holds(stage)
    stage.stack.stop_workers()
    stage.stack.start_worker(module=MODULE, HOLDS=str(folder))
    return folder


def _hold_everywhere(stage: Stage) -> None:
    folder = hold_workers(stage)
    held = _plan_held(stage, WISHES)
    stage.let_live(held)
    hold_orders(folder, [story.wanted_id for story in held])


def _plan_held(stage: Stage, wishes: dict[str, Wish]) -> list[Story]:
    """Plan an order for each step, whose id has it wait there."""
    held = stage.plan(len(wishes), wishes=list(wishes.values()))
    for name, story in zip(wishes, held, strict=True):
        story.wanted_id = f"order-hold-{name}-{stage.dice.randrange(10**6)}"
    return held


def hold_orders(folder: Path, order_ids: Sequence[str]) -> None:
    """Wait until these orders are held."""
    ids = set(order_ids)
    wait_until(lambda: {path.name for path in folder.iterdir()} >= ids, seconds=120, what="orders held at their steps")


def _count(stories: Sequence[Story], status: Status) -> int:
    return Order.objects.filter(order_id__in=[story.order_id for story in stories], status=status).count()


def _are_named(stories: Sequence[Story]) -> bool:
    open_runs = runs.list_open_runs()
    return all(story.order_id in open_runs and open_runs[story.order_id].problem for story in stories)


OF_DEPLOYS: Final = (
    Fault("new-code", "New workflow code takes over orders that wait at every step", deploy),
    Fault("new-code-and-back", "New workflow code is taken back over its own runs", deploy_and_go_back),
)
