"""Records the histories that `test_replay.py` replays.

    python manage.py shell -c "from tests.record_histories import main; main()"

To be run, and its files committed, when a workflow takes a new way. The files of the ways that exist stay as they are
while runs with such histories may be open anywhere: that they still replay is the point.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from temporalio.client import WorkflowHistory

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ScriptedOrder, WorkflowHarness, ask_for_two, start_harness, start_listing_harness

FOLDER: Final = Path(__file__).parent / "histories"
# What changes from recording to recording, tells of the machine, or only fills the file.
LEFT_OUT: Final = frozenset(
    {"identity", "meteringMetadata", "priority", "requestId", "stackTrace", "taskId", "workerVersion"}
)

BOB: Final = Decision("d-bob", "bob", "Looks good")
DANA: Final = Decision("d-dana", "dana", "Customer called")


def approved(order: ScriptedOrder) -> None:
    order.start()
    order.wait_for("approval")
    order.approve(BOB)


def approved_early(order: ScriptedOrder) -> None:
    order.hold("validate_order")
    order.start()
    order.wait_for_call("validate_order")
    order.approve(BOB)
    order.release("validate_order")


def approved_with_local_steps(order: ScriptedOrder) -> None:
    order.start()
    order.wait_for("approval")
    order.approve(BOB)


def invalid_locally(order: ScriptedOrder) -> None:
    order.refuse("validate_order", contracts.ORDER_INVALID, "SOLDOUT-1 is sold out.")
    order.start()


def cancelled_while_waiting(order: ScriptedOrder) -> None:
    order.start()
    order.wait_for("approval")
    order.cancel(DANA)


def cancelled_while_charging(order: ScriptedOrder) -> None:
    order.hold("charge_payment")
    order.start()
    order.approve(BOB)
    order.wait_for_call("charge_payment")
    order.cancel(DANA)
    order.release("charge_payment")


def cancelled_between_charges(order: ScriptedOrder) -> None:
    order.fail("charge_payment", times=100)
    order.start()
    order.approve(BOB)
    order.wait_for_call("charge_payment")
    order.cancel(DANA)


def cancelled_after_the_charge(order: ScriptedOrder) -> None:
    order.hold("prepare_package")
    order.start()
    order.approve(BOB)
    order.wait_for_call("prepare_package")
    order.cancel(DANA)
    order.release("prepare_package")


def cancelled_too_late(order: ScriptedOrder) -> None:
    order.hold("complete_order")
    order.start()
    order.approve(BOB)
    order.wait_for_call("complete_order")
    order.cancel(DANA)
    order.release("complete_order")


def cancelled_in_the_tables(order: ScriptedOrder) -> None:
    order.answer("complete_order", contracts.OrderCompleted(is_completed=False, cancellation=DANA))
    order.start()
    order.approve(BOB)


def timed_out(order: ScriptedOrder) -> None:
    order.start(approval_seconds=1)


def timed_out_but_approved_in_the_tables(order: ScriptedOrder) -> None:
    order.answer("process_cancellation", contracts.CancellationProcessed(is_cancelled=False, approval=BOB))
    order.start(approval_seconds=1)


def timed_out_but_cancelled_in_the_tables(order: ScriptedOrder) -> None:
    order.answer("process_cancellation", contracts.CancellationProcessed(cancellation=DANA))
    order.start(approval_seconds=1)


def invalid(order: ScriptedOrder) -> None:
    order.refuse("validate_order", contracts.ORDER_INVALID, "SOLDOUT-1 is sold out.")
    order.start()


def declined_before_the_approval(order: ScriptedOrder) -> None:
    order.refuse("validate_order", contracts.PAYMENT_DECLINED, "The authorisation has expired.")
    order.start()


def declined(order: ScriptedOrder) -> None:
    order.refuse("charge_payment", contracts.PAYMENT_DECLINED, "The bank declined the card.")
    order.start()
    order.approve(BOB)


def shipping_failed(order: ScriptedOrder) -> None:
    order.refuse("dispatch_carrier", contracts.SHIPPING_REFUSED, "The carrier does not deliver to postcode 00000.")
    order.start()
    order.approve(BOB)


def flaky(order: ScriptedOrder) -> None:
    for name in ("receive_order", "validate_order", "charge_payment", "prepare_package", "dispatch_carrier"):
        order.fail(name, times=1)
    order.hang("complete_order", times=1)
    order.start()
    order.approve(BOB)
    wait_until(lambda: "complete_order" in order.names)


def steps_failed_locally(order: ScriptedOrder) -> None:
    for name in ("receive_order", "validate_order", "complete_order"):
        order.fail(name, times=1)
    order.start()
    order.approve(BOB)


def cancelled_while_completing(order: ScriptedOrder) -> None:
    order.hold("complete_order", locally=True)
    order.start()
    order.approve(BOB)
    order.wait_for_call("complete_order")
    order.signal(contracts.CANCEL_SIGNAL, DANA)
    order.release("complete_order")


def run_cancelled(order: ScriptedOrder) -> None:
    order.start()
    order.wait_for("approval")
    order.cancel_run()


def gone_on(order: ScriptedOrder) -> None:
    order.start(deadline="2030-01-01T00:00:00+00:00", decision=BOB)


def cleaned_up(order: ScriptedOrder) -> None:
    order.start(compensate_for="The order's run was terminated.")


def cleaned_up_for_a_reason(order: ScriptedOrder) -> None:
    order.start(compensate_for="The card was declined.", compensate_code="PAYMENT_DECLINED", decision=DANA)


def approved_by_two(order: ScriptedOrder) -> None:
    ask_for_two(order, "bob", "dana")
    order.start()
    order.wait_for("approval")
    order.approve(BOB)
    order.wait_for_call("charge_payment")
    order.approve(Decision("claimed", "erik"))
    order.wait_for_call("charge_payment", times=2)
    order.approve(DANA)


def approved_by_one_of_two(order: ScriptedOrder) -> None:
    ask_for_two(order, "bob", "dana")
    order.start(approval_seconds=2)
    order.approve(BOB)


def extended(order: ScriptedOrder) -> None:
    order.answer("confirm_deadline", contracts.DeadlineConfirmed("2099-01-01T00:00:00+00:00"))
    order.start()
    order.wait_for("approval")
    order.extend()
    order.approve(BOB)


def extended_at_the_deadline(order: ScriptedOrder) -> None:
    later = contracts.CancellationProcessed(is_cancelled=False, deadline="2099-01-01T00:00:00+00:00")
    order.answer("process_cancellation", later)
    order.start(approval_seconds=1)
    order.wait_for_call("process_cancellation")
    order.approve(BOB)


def approved_by_the_policy(order: ScriptedOrder) -> None:
    approval = Decision("d-policy", contracts.POLICY_ACTOR)
    order.answer("validate_order", contracts.OrderValidated(approvals_needed=0, approvals=(approval,)))
    order.start()


def listed(order: ScriptedOrder) -> None:
    order.start(has_search_attributes=True)
    order.wait_for("approval")
    order.approve(BOB)


def listed_and_retried(order: ScriptedOrder) -> None:
    order.fail("complete_order", times=1)
    order.start(has_search_attributes=True)
    order.approve(BOB)


def listed_and_refunded(order: ScriptedOrder) -> None:
    order.hold("prepare_package")
    order.start(has_search_attributes=True)
    order.approve(BOB)
    order.wait_for_call("prepare_package")
    order.cancel(DANA)
    order.release("prepare_package")


def listed_and_extended(order: ScriptedOrder) -> None:
    later = contracts.CancellationProcessed(is_cancelled=False, deadline="2099-01-01T00:00:00+00:00")
    order.answer("process_cancellation", later)
    order.start(approval_seconds=1, has_search_attributes=True)
    order.wait_for_call("process_cancellation")
    order.answer("process_cancellation", contracts.CancellationProcessed())
    order.cancel(DANA)


def listed_from_the_start(order: ScriptedOrder) -> None:
    listed(order)


SCRIPTS: Final[Sequence[Callable[[ScriptedOrder], None]]] = (
    approved,
    approved_early,
    cancelled_while_waiting,
    cancelled_while_charging,
    cancelled_between_charges,
    cancelled_after_the_charge,
    cancelled_too_late,
    cancelled_in_the_tables,
    approved_by_two,
    approved_by_one_of_two,
    approved_by_the_policy,
    extended,
    extended_at_the_deadline,
    timed_out,
    timed_out_but_approved_in_the_tables,
    timed_out_but_cancelled_in_the_tables,
    cleaned_up_for_a_reason,
    invalid,
    declined_before_the_approval,
    declined,
    shipping_failed,
    flaky,
    steps_failed_locally,
    approved_with_local_steps,
    invalid_locally,
    cancelled_while_completing,
    run_cancelled,
    gone_on,
    cleaned_up,
    listed,
    listed_and_retried,
    listed_and_refunded,
    listed_and_extended,
    listed_from_the_start,
)


def reminded(order: ScriptedOrder) -> None:
    order.start(approval_seconds=24 * 3600)


def reminded_and_extended(order: ScriptedOrder) -> None:
    order.start(approval_seconds=24 * 3600)
    order.wait_for("approval")
    later = (order.started_at() + timedelta(days=3)).isoformat()
    order.answer("confirm_deadline", contracts.DeadlineConfirmed(later))
    order.extend()


# Ways that take hours, on the server that skips time.
LONG_SCRIPTS: Final[Sequence[Callable[[ScriptedOrder], None]]] = (reminded, reminded_and_extended)


def record(harness: WorkflowHarness, way: Callable[[ScriptedOrder], None]) -> None:
    """Script an order one way and write down the histories of the order and, where it got so far, of its shipping."""
    name = way.__name__.replace("_", "-")
    order = ScriptedOrder(harness, f"order-{name}")
    way(order)
    order.result()
    _write(harness, order.order_id, name)
    if "prepare_package" in order.names:
        _write(harness, contracts.shipping_workflow_id(order.order_id), f"{name}.shipping")


def _write(harness: WorkflowHarness, workflow_id: str, name: str) -> None:
    write_history(harness.run(harness.client.get_workflow_handle(workflow_id).fetch_history()), name)


def write_history(history: WorkflowHistory, name: str) -> None:
    """Write a history into its file, without what changes from recording to recording."""
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
    with start_listing_harness(find_binary("temporal")) as harness:
        _record_missing(harness, SCRIPTS, wanted)
    with start_harness(find_binary("temporal-test-server")) as harness:
        _record_missing(harness, LONG_SCRIPTS, wanted)


def _record_missing(
    harness: WorkflowHarness, ways: Sequence[Callable[[ScriptedOrder], None]], wanted: Sequence[str]
) -> None:
    for way in ways:
        name = way.__name__.replace("_", "-")
        if name in wanted or not (wanted or (FOLDER / f"{name}.json").exists()):
            record(harness, way)
