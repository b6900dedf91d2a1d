"""Steps that are taken locally first, within the workflow task, and what becomes of them when that does not do."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from temporalio.testing import ActivityEnvironment

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ScriptedOrder, WorkflowHarness, start_harness

BOB = Decision("d-bob", "bob", "Looks good")
DANA = Decision("d-dana", "dana", "Customer called")
LOCAL = ("receive_order", "validate_order", "complete_order")


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_harness(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


def scheduled(harness: WorkflowHarness, order: ScriptedOrder) -> list[str]:
    """Return the names of the activities that stand in the history, which local ones do not."""
    history = harness.run(order.handle.fetch_history())
    kind = "activity_task_scheduled_event_attributes"
    return [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.HasField(kind)  # type: ignore[arg-type]
    ]


def test_what_succeeds_at_once_is_no_activity_of_the_history(order: ScriptedOrder, harness: WorkflowHarness) -> None:
    order.start()
    order.approve(BOB)

    assert order.result().status == "COMPLETED"
    assert scheduled(harness, order) == ["charge_payment"]
    assert {*LOCAL} < {*order.names}


@pytest.mark.parametrize("name", LOCAL)
def test_what_fails_stands_among_the_pending_activities(
    order: ScriptedOrder, harness: WorkflowHarness, name: str
) -> None:
    order.fail(name, times=1_000)
    order.start()
    order.approve(BOB)
    order.wait_for_call(name, times=2)

    pending = harness.run(order.handle.describe()).raw_description.pending_activities

    assert [activity.activity_type.name for activity in pending] == [name]
    order.fail(name, times=0)
    assert order.result().status == "COMPLETED"


@pytest.mark.parametrize(
    ("name", "error_type"), [("validate_order", contracts.ORDER_INVALID), ("complete_order", contracts.ORDER_CLOSED)]
)
def test_what_is_refused_is_not_tried_again(order: ScriptedOrder, name: str, error_type: str) -> None:
    order.refuse(name, error_type, "No.")
    order.start()
    order.approve(BOB)
    wait_until(lambda: name in order.names)

    wait_until(order.has_ended, what="the end of the run")
    assert order.names.count(name) == 1


def test_a_cancellation_during_a_local_step_is_heard_after_it(order: ScriptedOrder) -> None:
    order.hold("validate_order", locally=True)
    order.start()
    order.wait_for_call("validate_order")
    order.signal(contracts.CANCEL_SIGNAL, DANA)
    order.release("validate_order")

    assert order.result().status == "CANCELLED"
    assert "charge_payment" not in order.names


def test_a_deadline_is_the_rows_where_an_attempt_that_is_lost_wrote_another(order: ScriptedOrder) -> None:
    order.answer("validate_order", contracts.OrderValidated("2031-01-01T00:00:00+00:00"))
    order.start(approval_seconds=600)

    assert order.result().deadline == "2031-01-01T00:00:00+00:00"


class TestCancellationWhileTheOrderIsCompletedLocally:
    """A run cannot end while a signal waits: Temporal has the workflow task done again, with the signal before it."""

    @pytest.fixture
    def completing(self, order: ScriptedOrder) -> ScriptedOrder:
        order.hold("complete_order", locally=True)
        order.start()
        order.approve(BOB)
        order.wait_for_call("complete_order")
        order.signal(contracts.CANCEL_SIGNAL, DANA)
        return order

    def test_it_is_too_late_where_the_tables_say_that_the_order_is_completed(self, completing: ScriptedOrder) -> None:
        completing.release("complete_order")

        end = completing.result()

        assert (end.status, end.cancelled) == ("COMPLETED", False)
        assert end.last_decision is not None
        assert (end.last_decision.actor, end.last_decision.outcome) == ("dana", "too_late")
        assert "refund_payment" not in completing.names
        assert completing.argument("complete_order").cancellation == DANA
        assert completing.details() == "Completed."

    def test_it_counts_where_they_say_that_it_is_not(self, completing: ScriptedOrder) -> None:
        completing.answer("complete_order", contracts.OrderCompleted(is_completed=False, cancellation=DANA))
        completing.release("complete_order")

        end = completing.result()

        assert (end.status, end.reason) == ("CANCELLED", "Customer called")
        assert completing.names[-2:] == ["refund_payment", "process_cancellation"]


@pytest.mark.parametrize(("changes", "times"), [({}, 1), ({"attempt": 2}, 2), ({"activity_id": "2"}, 2)])
def test_a_step_that_a_late_workflow_task_takes_again_counts_once(
    order: ScriptedOrder, changes: dict[str, object], times: int
) -> None:
    taken = ActivityEnvironment()
    again = ActivityEnvironment()
    again.info = replace(taken.info, **changes)  # type: ignore[arg-type]

    for environment in (taken, again):
        asyncio.run(environment.run(order.act, "complete_order", None))

    assert order.names == ["complete_order"] * times
