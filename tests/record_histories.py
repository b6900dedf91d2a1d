"""Records the histories that `test_replay.py` replays.

    python manage.py shell -c "from tests.record_histories import main; main()"

To be run, and its files committed, when a workflow takes a new way. The files of the ways that exist stay as they are
while runs with such histories may be open anywhere: that they still replay is the point.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from temporalio.testing import WorkflowEnvironment

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.stage import Play, Stage, perform_on_stage
from tests.waiting import wait_until
from workers.payloads import DATA_CONVERTER

FOLDER: Final = Path(__file__).parent / "histories"
# What changes from recording to recording, tells of the machine, or only fills the file.
LEFT_OUT: Final = frozenset(
    {"identity", "meteringMetadata", "priority", "requestId", "stackTrace", "taskId", "workerVersion"}
)

BOB: Final = Decision("d-bob", "bob", "Looks good")
DANA: Final = Decision("d-dana", "dana", "Customer called")


def approved(play: Play) -> None:
    play.start()
    play.wait_for("approval")
    play.approve(BOB)


def approved_early(play: Play) -> None:
    play.hold("validate_order")
    play.start()
    play.wait_for_call("validate_order")
    play.approve(BOB)
    play.release("validate_order")


def cancelled_while_waiting(play: Play) -> None:
    play.start()
    play.wait_for("approval")
    play.cancel(DANA)


def cancelled_while_charging(play: Play) -> None:
    play.hold("charge_payment")
    play.start()
    play.approve(BOB)
    play.wait_for_call("charge_payment")
    play.cancel(DANA)
    play.release("charge_payment")


def cancelled_between_charges(play: Play) -> None:
    play.fail("charge_payment", times=100)
    play.start()
    play.approve(BOB)
    play.wait_for_call("charge_payment")
    play.cancel(DANA)


def cancelled_after_the_charge(play: Play) -> None:
    play.hold("prepare_package")
    play.start()
    play.approve(BOB)
    play.wait_for_call("prepare_package")
    play.cancel(DANA)
    play.release("prepare_package")


def cancelled_too_late(play: Play) -> None:
    play.hold("complete_order")
    play.start()
    play.approve(BOB)
    play.wait_for_call("complete_order")
    play.cancel(DANA)
    play.release("complete_order")


def cancelled_in_the_tables(play: Play) -> None:
    play.answer("complete_order", contracts.OrderCompleted(is_completed=False, cancellation=DANA))
    play.start()
    play.approve(BOB)


def timed_out(play: Play) -> None:
    play.start(approval_seconds=1)


def timed_out_but_approved_in_the_tables(play: Play) -> None:
    play.answer("process_cancellation", contracts.CancellationProcessed(is_cancelled=False, approval=BOB))
    play.start(approval_seconds=1)


def timed_out_but_cancelled_in_the_tables(play: Play) -> None:
    play.answer("process_cancellation", contracts.CancellationProcessed(cancellation=DANA))
    play.start(approval_seconds=1)


def invalid(play: Play) -> None:
    play.refuse("validate_order", contracts.ORDER_INVALID, "SOLDOUT-1 is sold out.")
    play.start()


def declined(play: Play) -> None:
    play.refuse("charge_payment", contracts.PAYMENT_DECLINED, "The bank declined the card.")
    play.start()
    play.approve(BOB)


def shipping_failed(play: Play) -> None:
    play.refuse("dispatch_carrier", contracts.SHIPPING_REFUSED, "The carrier does not deliver to postcode 00000.")
    play.start()
    play.approve(BOB)


def flaky(play: Play) -> None:
    for name in ("receive_order", "validate_order", "charge_payment", "prepare_package", "dispatch_carrier"):
        play.fail(name, times=1)
    play.hang("complete_order", times=1)
    play.start()
    play.approve(BOB)
    wait_until(lambda: "complete_order" in play.names, seconds=30)


def run_cancelled(play: Play) -> None:
    play.start()
    play.wait_for("approval")
    play.cancel_run()


def gone_on(play: Play) -> None:
    play.start(deadline="2030-01-01T00:00:00+00:00", decision=BOB)


def cleaned_up(play: Play) -> None:
    play.start(compensate_for="The order's run was terminated.")


def cleaned_up_for_a_reason(play: Play) -> None:
    play.start(compensate_for="The card was declined.", compensate_code="PAYMENT_DECLINED", decision=DANA)


WAYS: Final[Sequence[Callable[[Play], None]]] = (
    approved,
    approved_early,
    cancelled_while_waiting,
    cancelled_while_charging,
    cancelled_between_charges,
    cancelled_after_the_charge,
    cancelled_too_late,
    cancelled_in_the_tables,
    timed_out,
    timed_out_but_approved_in_the_tables,
    timed_out_but_cancelled_in_the_tables,
    cleaned_up_for_a_reason,
    invalid,
    declined,
    shipping_failed,
    flaky,
    run_cancelled,
    gone_on,
    cleaned_up,
)


def record(stage: Stage, way: Callable[[Play], None]) -> None:
    """Play one way and write down the histories of the order and, where it got so far, of its shipping."""
    name = way.__name__.replace("_", "-")
    play = Play(stage, f"order-{name}")
    way(play)
    play.result()
    _write(stage, play.order_id, name)
    if "prepare_package" in play.names:
        _write(stage, contracts.shipping_workflow_id(play.order_id), f"{name}.shipping")


def _write(stage: Stage, workflow_id: str, name: str) -> None:
    history = stage.run(stage.client.get_workflow_handle(workflow_id).fetch_history())
    events = [_without_noise(event) for event in json.loads(history.to_json())["events"]]
    lines = ",\n".join(json.dumps(event, separators=(",", ":"), sort_keys=True) for event in events)
    (FOLDER / f"{name}.json").write_text(f'{{"events":[\n{lines}\n]}}\n')


def _without_noise(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_noise(inner) for key, inner in value.items() if key not in LEFT_OUT}
    return [_without_noise(inner) for inner in value] if isinstance(value, list) else value


def main(*wanted: str) -> None:
    """Record the ways of these names, or all that have no file yet."""
    FOLDER.mkdir(exist_ok=True)
    environment = WorkflowEnvironment.start_local(
        dev_server_existing_path=find_binary("temporal"), dev_server_log_level="error", data_converter=DATA_CONVERTER
    )
    with perform_on_stage(environment) as stage:
        for way in WAYS:
            name = way.__name__.replace("_", "-")
            if name in wanted or not (wanted or (FOLDER / f"{name}.json").exists()):
                record(stage, way)
