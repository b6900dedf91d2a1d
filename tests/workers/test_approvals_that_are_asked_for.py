"""OrderWorkflow where the policy asks for two approvals, or for none: what it waits for, and whom it asks."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orders import contracts
from orders.contracts import Decision, OrderValidated
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ScriptedOrder, WorkflowHarness, ask_for_two, start_harness

BOB = Decision("d-bob", "bob", "Looks good")
DANA = Decision("d-dana", "dana", "Me too")


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_harness(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


@pytest.fixture
def waiting(order: ScriptedOrder) -> ScriptedOrder:
    """An order that waits for the approvals of bob and dana."""
    ask_for_two(order, "bob", "dana")
    order.start()
    order.wait_for("approval")
    return order


def approve(order: ScriptedOrder, decision: Decision) -> contracts.StatusAnswer:
    """Send an approval, and return the status once the tables were asked about it."""
    asked = order.names.count("charge_payment") + 1
    order.approve(decision)
    order.wait_for_call("charge_payment", asked)
    order.wait_for("approval")
    return order.status()


class TestTwo:
    def test_the_first_leaves_the_order_waiting(self, waiting: ScriptedOrder) -> None:
        answer = approve(waiting, BOB)
        assert (answer.status, answer.approved) == ("PENDING_MANUAL_APPROVAL", False)
        assert (answer.approvals, answer.approvals_needed) == (1, 2)
        assert answer.last_decision is not None
        assert answer.last_decision.outcome == "accepted"

    def test_the_charge_follows_the_second(self, waiting: ScriptedOrder) -> None:
        approve(waiting, BOB)
        waiting.approve(DANA)
        end = waiting.result()
        assert (end.status, end.approved, end.approvals) == ("COMPLETED", True, 2)

    @pytest.mark.parametrize("name", ["bob", "BOB", "\uff42ob"])
    def test_the_same_person_is_no_second(self, waiting: ScriptedOrder, name: str) -> None:
        approve(waiting, BOB)
        answer = waiting.approve(Decision("d-again", name))
        assert (answer.status, answer.approvals) == ("PENDING_MANUAL_APPROVAL", 1)
        assert answer.last_decision is not None
        assert answer.last_decision.outcome == "repeated"

    def test_claims_from_outside_never_make_two(self, waiting: ScriptedOrder) -> None:
        for number, name in enumerate(("bob", "dana", "erik", "", "fay")):
            answer = approve(waiting, Decision(f"claimed-{number}", name))
            assert (answer.status, answer.approvals) == ("PENDING_MANUAL_APPROVAL", 0)
        approve(waiting, BOB)
        assert approve(waiting, Decision("claimed-again", "dana")).approvals == 1
        waiting.approve(DANA)
        assert waiting.result().status == "COMPLETED"

    def test_a_claim_in_somebodys_name_does_not_keep_them_from_approving(self, waiting: ScriptedOrder) -> None:
        approve(waiting, BOB)
        waiting.hold("charge_payment")
        waiting.approve(Decision("claimed", "dana"))
        waiting.wait_for_call("charge_payment", 2)
        waiting.approve(DANA)
        waiting.release("charge_payment")
        assert waiting.result().status == "COMPLETED"

    def test_both_before_the_wait_count(self, order: ScriptedOrder) -> None:
        ask_for_two(order, "bob", "dana")
        order.hold("validate_order")
        order.start()
        order.wait_for_call("validate_order")
        order.approve(BOB)
        order.approve(DANA)
        order.release("validate_order")
        assert order.result().status == "COMPLETED"

    def test_it_can_be_cancelled_between_them(self, waiting: ScriptedOrder) -> None:
        approve(waiting, BOB)
        waiting.cancel(DANA)
        end = waiting.result()
        assert (end.status, end.reason_code) == ("CANCELLED", "STAFF")
        assert "refund_payment" not in waiting.names

    def test_the_deadline_stays(self, order: ScriptedOrder) -> None:
        ask_for_two(order, "bob", "dana")
        order.start(approval_seconds=600)
        order.wait_for("approval")
        approve(order, BOB)
        end = order.result()
        assert (end.status, end.reason_code) == ("CANCELLED", "APPROVAL_TIMEOUT")

    def test_a_new_run_learns_of_the_first_from_the_tables(self, order: ScriptedOrder) -> None:
        ask_for_two(order, "bob", "dana")
        order.answer("validate_order", OrderValidated(approvals_needed=2, approvals=(BOB,)))
        order.start()
        order.wait_for("approval")
        assert order.status().approvals == 1

    def test_a_new_run_goes_on_with_both(self, order: ScriptedOrder) -> None:
        order.answer("validate_order", OrderValidated(approvals_needed=2, approvals=(BOB, DANA)))
        order.start(decision=DANA)
        assert order.result().status == "COMPLETED"
        assert order.names.count("charge_payment") == 1

    def test_the_tables_may_know_of_a_second_that_did_not_arrive(self, order: ScriptedOrder) -> None:
        order.answer("validate_order", OrderValidated(approvals_needed=2))
        order.start()
        order.approve(BOB)
        end = order.result()
        assert end.status == "COMPLETED"


class TestNone:
    def test_the_policy_s_approval_leads_to_the_charge(self, order: ScriptedOrder) -> None:
        approval = Decision("d-policy", contracts.POLICY_ACTOR)
        order.answer("validate_order", OrderValidated(approvals_needed=0, approvals=(approval,)))
        order.start()
        assert order.result().status == "COMPLETED"
        assert order.argument("charge_payment").decision == approval


def test_the_deadline_is_that_of_the_rule(order: ScriptedOrder) -> None:
    order.hold("validate_order")
    order.start()
    deadline = order.started_at() + timedelta(minutes=7)
    order.answer("validate_order", OrderValidated(deadline=deadline.isoformat()))
    order.release("validate_order")
    order.wait_for("approval")
    assert order.status().deadline == deadline.isoformat()
    wait_until(lambda: order.result().reason_code == "APPROVAL_TIMEOUT", what="the end")
