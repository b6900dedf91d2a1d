"""The order's workflow once somebody extends the deadline: it believes the tables, and no signal."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ScriptedOrder, WorkflowHarness, start_harness

BOB = Decision("d-bob", "bob", "Looks good")
DANA = Decision("d-dana", "dana", "Customer called")


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_harness(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


def in_seconds(order: ScriptedOrder, seconds: int) -> str:
    """Return the time so long after the start of the order's run."""
    return (order.started_at() + timedelta(seconds=seconds)).isoformat()


def test_it_waits_until_the_deadline_that_the_tables_hold(order: ScriptedOrder) -> None:
    order.start(approval_seconds=600)
    order.wait_for("approval")
    later = in_seconds(order, 6_000)
    order.answer("confirm_deadline", contracts.DeadlineConfirmed(later))
    order.extend()
    wait_until(lambda: order.status().deadline == later, what="the later deadline")

    end = order.result()

    assert (end.status, end.reason_code, end.deadline) == ("CANCELLED", "APPROVAL_TIMEOUT", later)
    assert order.argument("process_cancellation").deadline == later
    assert order.names.count("confirm_deadline") == 1


def test_an_approval_in_the_time_that_was_added_counts(order: ScriptedOrder) -> None:
    order.start(approval_seconds=600)
    order.wait_for("approval")
    order.answer("confirm_deadline", contracts.DeadlineConfirmed(in_seconds(order, 6_000)))
    order.extend()
    order.approve(BOB)

    assert order.result().status == "COMPLETED"


def test_a_signal_from_outside_moves_nothing(order: ScriptedOrder) -> None:
    order.start(approval_seconds=600)
    order.wait_for("approval")
    planned = order.status().deadline
    order.answer("confirm_deadline", contracts.DeadlineConfirmed(planned or ""))
    order.extend()
    order.wait_for_call("confirm_deadline")

    end = order.result()

    assert (end.reason_code, end.deadline) == ("APPROVAL_TIMEOUT", planned)


@pytest.mark.parametrize("argument", [(), (None,), (17, "x"), ({"deadline": ["2099"]},)])
def test_whatever_a_signal_carries_is_not_read(
    order: ScriptedOrder, harness: WorkflowHarness, argument: tuple[object, ...]
) -> None:
    order.start(approval_seconds=600)
    order.wait_for("approval")
    harness.run(order.handle.signal(contracts.EXTEND_SIGNAL, args=argument))

    assert order.result().reason_code == "APPROVAL_TIMEOUT"


def test_a_signal_that_was_lost_is_made_up_for_at_the_deadline(order: ScriptedOrder) -> None:
    order.start(approval_seconds=600)
    order.wait_for("approval")
    later = in_seconds(order, 6_000)

    def judge(closing: contracts.ProcessCancellation) -> contracts.CancellationProcessed:
        if closing.deadline < later:
            return contracts.CancellationProcessed(is_cancelled=False, deadline=later)
        return contracts.CancellationProcessed()

    order.answer_by("process_cancellation", judge)

    end = order.result()

    assert (end.reason_code, end.deadline) == ("APPROVAL_TIMEOUT", later)
    assert order.names.count("process_cancellation") == 2


def test_what_is_decided_while_the_tables_are_asked_at_the_deadline_counts_once_it_waits_on(
    order: ScriptedOrder,
) -> None:
    order.hold("process_cancellation")
    order.start(approval_seconds=0)
    later = in_seconds(order, 6_000)
    order.answer("process_cancellation", contracts.CancellationProcessed(is_cancelled=False, deadline=later))
    order.wait_for_call("process_cancellation")
    undecided = order.approve(BOB)
    order.release("process_cancellation")

    assert undecided.last_decision is not None
    assert undecided.last_decision.outcome == "undecided"
    assert order.result().status == "COMPLETED"


def test_a_cancellation_while_the_tables_are_asked_is_heard(order: ScriptedOrder) -> None:
    order.hold("confirm_deadline")
    order.start(approval_seconds=600)
    order.wait_for("approval")
    order.extend()
    order.wait_for_call("confirm_deadline")
    order.cancel(DANA)
    order.release("confirm_deadline")

    end = order.result()

    assert (end.status, end.reason) == ("CANCELLED", "Customer called")


def test_a_signal_before_the_wait_or_after_it_changes_nothing(order: ScriptedOrder) -> None:
    order.hold("validate_order")
    order.hold("charge_payment")
    order.start(approval_seconds=600)
    order.wait_for_call("validate_order")
    order.extend()
    order.release("validate_order")
    order.approve(BOB)
    order.wait_for_call("charge_payment")
    order.extend()
    order.release("charge_payment")

    assert order.result().status == "COMPLETED"
