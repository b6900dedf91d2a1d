"""OrderWorkflow on the time-skipping server, with activities that act as they are told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

from orders import contracts
from orders.causes import Cause
from orders.contracts import Decision, PaymentCharged
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ANSWERS, ScriptedOrder, WorkflowHarness, start_harness
from workers.failures import find_cause

WAY_TO_APPROVAL = ["receive_order", "validate_order"]
WHOLE_WAY = [*WAY_TO_APPROVAL, "charge_payment", "prepare_package", "dispatch_carrier", "complete_order"]
BOB = Decision("d-bob", "bob", "Looks good")
DANA = Decision("d-dana", "dana", "Customer called")


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_harness(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


@pytest.fixture
def waiting(order: ScriptedOrder) -> ScriptedOrder:
    """An order that waits for its approval."""
    order.start()
    order.wait_for("approval")
    return order


class TestDetails:
    def test_the_web_ui_says_where_the_order_is(self, waiting: ScriptedOrder) -> None:
        assert waiting.details() == "Waiting for an approver to decide, or for the deadline."
        waiting.approve(BOB)
        waiting.result()
        assert waiting.details() == "Completed."

    def test_it_says_that_an_order_waits_again(self, waiting: ScriptedOrder) -> None:
        refused = PaymentCharged("pay-1", 0, "", "", is_approval_refused=True)
        waiting.answer("charge_payment", refused)
        waiting.approve(BOB)
        waiting.wait_for_call("charge_payment")
        waiting.wait_for("approval")
        assert waiting.details() == "Waiting for an approver to decide, or for the deadline."

    def test_it_says_that_an_order_is_being_cancelled(self, waiting: ScriptedOrder) -> None:
        waiting.hold("process_cancellation")
        waiting.cancel(DANA)
        waiting.wait_for_call("process_cancellation")
        assert waiting.details() == "Being cancelled. Money that was taken is refunded first."
        waiting.release("process_cancellation")
        waiting.result()
        assert waiting.details() == "Cancelled."


class TestApproval:
    def test_an_approved_order_is_charged_shipped_and_completed(self, waiting: ScriptedOrder) -> None:
        waiting.approve(BOB)

        end = waiting.result()

        assert (end.status, end.approved, end.cancelled, end.waiting_for) == ("COMPLETED", True, False, None)
        assert waiting.names == WHOLE_WAY

    def test_it_charges_the_payment_of_the_input_with_the_approval(self, waiting: ScriptedOrder) -> None:
        waiting.approve(BOB)
        waiting.result()

        assert waiting.argument("charge_payment") == contracts.ChargePayment(waiting.order_id, "pay-1", BOB)

    def test_it_charges_the_payment_of_the_row_when_the_input_has_none(self, order: ScriptedOrder) -> None:
        order.start(payment_id="")
        order.approve(BOB)
        order.result()

        assert order.argument("charge_payment").payment_id == "pay-of-the-row"

    def test_an_approval_before_the_wait_counts(self, order: ScriptedOrder) -> None:
        order.hold("validate_order")
        order.start()
        order.wait_for_call("validate_order")

        early = order.approve(BOB)
        order.release("validate_order")

        assert (early.status, early.approved) == ("CREATED", True)
        assert order.result().status == "COMPLETED"

    def test_a_query_after_the_signal_knows_the_decision(self, waiting: ScriptedOrder) -> None:
        waiting.hold("charge_payment")

        answer = waiting.approve(BOB)

        assert (answer.status, answer.waiting_for) == ("CHARGING_PAYMENT", "payment")
        assert answer.last_decision is not None
        assert (answer.last_decision.actor, answer.last_decision.outcome) == ("bob", "accepted")
        waiting.release("charge_payment")

    def test_an_approval_that_the_tables_refuse_leaves_the_order_waiting(self, waiting: ScriptedOrder) -> None:
        waiting.answer("charge_payment", PaymentCharged("pay-1", 0, "", "", is_approval_refused=True))
        waiting.hold("charge_payment")
        waiting.approve()
        waiting.wait_for_call("charge_payment")
        waiting.release("charge_payment")
        waiting.wait_for("approval")

        refused = waiting.status()
        assert (refused.status, refused.approved) == ("PENDING_MANUAL_APPROVAL", False)
        assert refused.last_decision is not None
        assert refused.last_decision.outcome == "refused"
        waiting.answer("charge_payment", ANSWERS["charge_payment"])
        waiting.approve(BOB)
        assert waiting.result().status == "COMPLETED"
        assert waiting.argument("charge_payment").decision.actor == "bob"

    def test_a_refused_approval_does_not_lengthen_the_wait(self, order: ScriptedOrder) -> None:
        order.answer("charge_payment", PaymentCharged("pay-1", 0, "", "", is_approval_refused=True))
        order.start(approval_seconds=600)
        order.approve()
        end = order.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "APPROVAL_TIMEOUT")
        assert "refund_payment" not in order.names, "nothing was charged"

    @pytest.mark.parametrize(
        "argument", ["fine by me", {"reason": "fine by me"}, {"reason": "fine by me", "actor": None}]
    )
    def test_a_signal_is_not_dropped_for_the_shape_of_its_argument(
        self, waiting: ScriptedOrder, argument: object
    ) -> None:
        answer = waiting.approve(argument)
        assert answer.approved
        assert answer.last_decision is not None
        assert (answer.last_decision.reason, answer.last_decision.outcome) == ("fine by me", "accepted")

    def test_a_signal_without_an_argument_gets_an_id_and_says_that_nobody_signed_it(
        self, waiting: ScriptedOrder
    ) -> None:
        answer = waiting.approve().last_decision

        assert answer is not None
        assert answer.actor == contracts.UNNAMED_ACTOR
        assert len(answer.decision_id) == 36
        assert waiting.result().status == "COMPLETED"

    def test_a_text_that_no_table_could_hold_is_cut(self, waiting: ScriptedOrder) -> None:
        answer = waiting.approve(Decision("d" * 100, "b\0ob" * 100)).last_decision

        assert answer is not None
        assert len(answer.decision_id) == 64
        assert len(answer.actor) == 150
        assert "\0" not in answer.actor

    def test_a_repeated_decision_counts_once(self, order: ScriptedOrder) -> None:
        order.hold("validate_order")
        order.start()
        order.wait_for_call("validate_order")
        order.approve(BOB)

        answer = order.approve(BOB).last_decision

        assert answer is not None
        assert (answer.decision_id, answer.outcome) == ("d-bob", "repeated")
        order.release("validate_order")
        order.result()
        assert order.names.count("charge_payment") == 1

    def test_a_second_approval_is_a_repetition(self, waiting: ScriptedOrder) -> None:
        waiting.hold("charge_payment")
        waiting.approve(BOB)

        answer = waiting.approve(DANA).last_decision

        assert answer is not None
        assert (answer.actor, answer.outcome) == ("dana", "repeated")
        waiting.release("charge_payment")

    def test_attempts_that_fail_are_made_again(self, order: ScriptedOrder) -> None:
        for name in WHOLE_WAY:
            order.fail(name, times=2)
        order.start()
        order.approve(BOB)

        assert order.result().status == "COMPLETED"
        assert order.names.count("charge_payment") == 3


class TestCancellation:
    def test_it_wakes_the_wait_at_once(self, waiting: ScriptedOrder) -> None:
        waiting.hold("process_cancellation")

        answer = waiting.cancel(DANA)

        assert (answer.status, answer.waiting_for, answer.cancelled) == ("CANCELLING", "cancellation", True)
        waiting.release("process_cancellation")
        end = waiting.result()
        assert (end.status, end.reason_code, end.reason) == ("CANCELLED", "STAFF", "Customer called")
        assert waiting.names == [*WAY_TO_APPROVAL, "process_cancellation"]

    def test_the_tables_are_told_who_and_why(self, waiting: ScriptedOrder) -> None:
        waiting.cancel(DANA)
        waiting.result()

        expected = contracts.ProcessCancellation(waiting.order_id, "STAFF", "Customer called", DANA)
        assert waiting.argument("process_cancellation") == expected

    def test_without_an_argument_it_works_too(self, waiting: ScriptedOrder) -> None:
        waiting.cancel()

        assert waiting.result().status == "CANCELLED"

    def test_it_counts_before_the_order_is_validated(self, order: ScriptedOrder) -> None:
        order.hold("validate_order")
        order.start()
        order.wait_for_call("validate_order")
        order.cancel(DANA)
        order.release("validate_order")

        assert order.result().status == "CANCELLED"
        assert order.names == [*WAY_TO_APPROVAL, "process_cancellation"]

    def test_it_beats_an_approval_that_came_before_the_wait(self, order: ScriptedOrder) -> None:
        order.hold("validate_order")
        order.start()
        order.wait_for_call("validate_order")
        order.approve(BOB)
        order.cancel(DANA)
        order.release("validate_order")

        end = order.result()
        assert (end.status, end.approved) == ("CANCELLED", True)
        assert "charge_payment" not in order.names

    def test_a_running_charge_comes_to_its_end_and_is_refunded(self, waiting: ScriptedOrder) -> None:
        waiting.hold("charge_payment")
        waiting.approve(BOB)
        waiting.wait_for_call("charge_payment")

        answer = waiting.cancel(DANA)

        assert (answer.status, answer.waiting_for) == ("CANCELLING", "payment")
        assert "refund_payment" not in waiting.names
        waiting.release("charge_payment")
        assert waiting.result().status == "CANCELLED"
        assert waiting.names[2:] == ["charge_payment", "refund_payment", "process_cancellation"]
        expected = contracts.RefundPayment(waiting.order_id, "pay-1", "STAFF", "Customer called", DANA)
        assert waiting.argument("refund_payment") == expected

    def test_a_charge_that_waits_for_its_next_attempt_is_given_up_at_once(self, waiting: ScriptedOrder) -> None:
        waiting.fail("charge_payment", times=150)
        waiting.approve(BOB)
        waiting.wait_for_call("charge_payment", times=2)

        waiting.cancel(DANA)

        assert waiting.result().status == "CANCELLED"
        assert waiting.names[-2:] == ["refund_payment", "process_cancellation"]

    def test_a_charge_that_is_declined_meanwhile_is_still_a_cancellation_by_staff(self, waiting: ScriptedOrder) -> None:
        waiting.hold("charge_payment")
        waiting.refuse("charge_payment", contracts.PAYMENT_DECLINED, "The bank declined the card.")
        waiting.approve(BOB)
        waiting.wait_for_call("charge_payment")
        waiting.cancel(DANA)
        waiting.release("charge_payment")

        assert waiting.result().reason_code == "STAFF"

    def test_the_shipping_is_stopped_before_the_refund(self, waiting: ScriptedOrder) -> None:
        waiting.hold("prepare_package")
        waiting.approve(BOB)
        waiting.wait_for_call("prepare_package")

        answer = waiting.cancel(DANA)

        assert (answer.status, answer.waiting_for) == ("CANCELLING", "shipping")
        waiting.wait_until_shipping_stops()
        waiting.release("prepare_package")
        assert waiting.result().status == "CANCELLED"
        assert waiting.names[3:] == ["prepare_package", "refund_payment", "process_cancellation"]

    def test_a_second_cancellation_is_a_repetition(self, waiting: ScriptedOrder) -> None:
        waiting.hold("process_cancellation")
        waiting.cancel(DANA)

        answer = waiting.cancel(Decision("d-2", "bob")).last_decision

        assert answer is not None
        assert answer.outcome == "repeated"
        waiting.release("process_cancellation")
        assert waiting.result().reason == "Customer called"

    def test_a_refund_is_tried_until_it_is_done(self, waiting: ScriptedOrder) -> None:
        waiting.fail("refund_payment", times=40)
        waiting.hold("prepare_package")
        waiting.approve(BOB)
        waiting.wait_for_call("prepare_package")
        waiting.cancel(DANA)
        waiting.wait_until_shipping_stops()
        waiting.release("prepare_package")

        assert waiting.result().status == "CANCELLED"
        assert waiting.names.count("refund_payment") == 41


class TestCancellationThatOnlyTheTablesKnow:
    def test_the_order_is_not_completed_but_refunded_and_cancelled(self, waiting: ScriptedOrder) -> None:
        waiting.answer("complete_order", contracts.OrderCompleted(is_completed=False, cancellation=DANA))
        waiting.approve(BOB)

        end = waiting.result()

        assert (end.status, end.reason_code, end.reason) == ("CANCELLED", "STAFF", "Customer called")
        assert waiting.names[-3:] == ["complete_order", "refund_payment", "process_cancellation"]
        assert waiting.argument("process_cancellation").decision == DANA

    def test_its_signal_counts_when_it_arrives_meanwhile(self, waiting: ScriptedOrder) -> None:
        waiting.answer("complete_order", contracts.OrderCompleted(is_completed=False, cancellation=DANA))
        waiting.hold("complete_order")
        waiting.approve(BOB)
        waiting.wait_for_call("complete_order")
        waiting.cancel(DANA)
        waiting.release("complete_order")

        end = waiting.result()

        assert (end.status, end.cancelled) == ("CANCELLED", True)
        assert waiting.argument("refund_payment").decision == DANA


class TestTooLate:
    def test_an_approval_after_a_cancellation(self, waiting: ScriptedOrder) -> None:
        waiting.hold("process_cancellation")
        waiting.cancel(DANA)

        answer = waiting.approve(BOB).last_decision

        assert answer is not None
        assert (answer.actor, answer.outcome) == ("bob", "too_late")
        waiting.release("process_cancellation")
        assert waiting.result().approved is False

    def test_a_cancellation_once_the_order_is_being_completed(self, waiting: ScriptedOrder) -> None:
        waiting.hold("complete_order")
        waiting.approve(BOB)
        waiting.wait_for_call("complete_order")

        answer = waiting.cancel(DANA)

        assert (answer.status, answer.waiting_for) == ("DISPATCHED", "completion")
        assert answer.last_decision is not None
        assert (answer.last_decision.actor, answer.last_decision.outcome) == ("dana", "undecided")
        waiting.release("complete_order")
        end = waiting.result()
        assert (end.status, end.cancelled) == ("COMPLETED", False)
        assert end.last_decision is not None
        assert (end.last_decision.actor, end.last_decision.outcome) == ("dana", "too_late")

    def test_a_cancellation_of_an_order_that_cannot_be_charged(self, waiting: ScriptedOrder) -> None:
        waiting.refuse("charge_payment", contracts.PAYMENT_DECLINED, "The bank declined the card.")
        waiting.hold("refund_payment")
        waiting.approve(BOB)
        waiting.wait_for("refund")

        answer = waiting.cancel(DANA).last_decision

        assert answer is not None
        assert answer.outcome == "too_late"
        waiting.release("refund_payment")
        assert waiting.result().reason_code == "PAYMENT_DECLINED"


class TestDeadline:
    def test_nobody_decides_for_three_days(self, order: ScriptedOrder) -> None:
        order.start(approval_seconds=72 * 3600)

        end = order.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "APPROVAL_TIMEOUT")
        assert (end.cause, end.reason) == (Cause.NOT_APPROVED, "Nobody approved the order by its deadline.")
        assert order.names == [*WAY_TO_APPROVAL, "remind_approvers", "remind_approvers", "process_cancellation"]

    def test_a_run_that_is_told_no_time_waits_for_as_long_as_the_workers_say(self, order: ScriptedOrder) -> None:
        order.answer("receive_order", contracts.OrderReceived("pay-of-the-row", 7 * 24 * 3600))
        order.start()
        order.wait_for("approval")

        deadline = datetime.fromisoformat(order.status().deadline or "")

        assert abs(deadline - order.started_at() - timedelta(days=7)) < timedelta(hours=1)
        order.cancel()

    def test_it_is_told_to_the_tables_before_the_wait(self, waiting: ScriptedOrder) -> None:
        deadline = waiting.status().deadline

        assert deadline is not None
        assert waiting.argument("validate_order").deadline == deadline
        assert datetime.fromisoformat(deadline).utcoffset() == timedelta(0)
        waiting.cancel()

    @pytest.mark.parametrize("seconds", [0, -5])
    def test_a_deadline_that_has_passed_ends_the_wait_at_once(self, order: ScriptedOrder, seconds: int) -> None:
        order.start(approval_seconds=seconds)

        assert order.result().reason_code == "APPROVAL_TIMEOUT"

    def test_a_cancellation_that_only_the_tables_know_is_the_reason(self, order: ScriptedOrder) -> None:
        order.answer("process_cancellation", contracts.CancellationProcessed(cancellation=DANA))
        order.start(approval_seconds=60)

        end = order.result()

        assert (end.status, end.reason_code, end.reason) == ("CANCELLED", "STAFF", DANA.reason)
        assert order.names == [*WAY_TO_APPROVAL, "process_cancellation"]

    def test_an_approval_at_the_deadline_is_too_late_only_once_the_order_is_cancelled(
        self, order: ScriptedOrder
    ) -> None:
        order.hold("process_cancellation")
        order.start(approval_seconds=0)
        order.wait_for_call("process_cancellation")
        early = order.approve(BOB).last_decision
        order.release("process_cancellation")

        end = order.result()

        assert early is not None
        assert early.outcome == "undecided"
        assert end.last_decision is not None
        assert (end.reason_code, end.last_decision.outcome) == ("APPROVAL_TIMEOUT", "too_late")

    def test_an_approval_that_only_the_tables_know_lets_the_order_go_on(self, order: ScriptedOrder) -> None:
        order.answer("process_cancellation", contracts.CancellationProcessed(is_cancelled=False, approval=BOB))
        order.start(approval_seconds=60)

        end = order.result()

        assert (end.status, end.approved, end.cancelled) == ("COMPLETED", True, False)
        assert order.argument("charge_payment").decision == BOB

    def test_a_cancellation_during_that_look_at_the_tables_is_not_lost(self, order: ScriptedOrder) -> None:
        order.hold("process_cancellation")
        order.answer("process_cancellation", contracts.CancellationProcessed(is_cancelled=False, approval=BOB))
        order.start(approval_seconds=0)
        order.wait_for_call("process_cancellation")
        early = order.cancel(DANA).last_decision
        assert early is not None
        assert early.outcome == "undecided"
        order.answer("process_cancellation", contracts.CancellationProcessed(is_cancelled=False, approval=BOB))
        order.release("process_cancellation")

        end = order.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "STAFF")
        assert "charge_payment" not in order.names


class TestRefusals:
    def test_an_invalid_order_is_cancelled_with_the_reason(self, order: ScriptedOrder) -> None:
        order.refuse("validate_order", contracts.ORDER_INVALID, "SOLDOUT-1 is sold out.")
        order.start()

        end = order.result()

        assert (end.status, end.reason_code, end.reason) == ("CANCELLED", "INVALID", "SOLDOUT-1 is sold out.")
        assert order.names == [*WAY_TO_APPROVAL, "process_cancellation"]

    def test_an_authorisation_that_is_none_for_the_order_is_a_declined_payment(self, order: ScriptedOrder) -> None:
        order.refuse("validate_order", contracts.PAYMENT_DECLINED, "The authorisation has expired.")
        order.start()

        end = order.result()

        assert (end.reason_code, end.reason) == ("PAYMENT_DECLINED", "The authorisation has expired.")
        assert order.names == [*WAY_TO_APPROVAL, "process_cancellation"]

    def test_a_declined_payment_closes_the_payment_and_the_order(self, waiting: ScriptedOrder) -> None:
        waiting.refuse("charge_payment", contracts.PAYMENT_DECLINED, "The bank declined the card.")
        waiting.approve(BOB)

        end = waiting.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "PAYMENT_DECLINED")
        assert end.reason == "The bank declined the card."
        assert waiting.names[2:] == ["charge_payment", "refund_payment", "process_cancellation"]
        assert waiting.argument("process_cancellation").decision is None

    def test_a_charge_that_fails_for_hours_is_no_declined_card(self, waiting: ScriptedOrder) -> None:
        waiting.fail("charge_payment", times=150)
        waiting.approve(BOB)

        end = waiting.result()

        assert (end.status, end.reason_code) == ("COMPLETED", "")
        assert waiting.names.count("charge_payment") == 151

    def test_a_charge_without_an_answer_is_cancelled_and_refunded_when_a_person_says_so(
        self, waiting: ScriptedOrder
    ) -> None:
        waiting.fail("charge_payment", times=100_000)
        waiting.approve(BOB)
        waiting.wait_for_call("charge_payment", times=2)
        waiting.cancel(DANA)

        end = waiting.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "STAFF")
        assert waiting.names[-2:] == ["refund_payment", "process_cancellation"]

    def test_a_shipping_that_is_refused_refunds_the_charge(self, waiting: ScriptedOrder) -> None:
        waiting.refuse("dispatch_carrier", contracts.SHIPPING_REFUSED, "The carrier does not deliver there.")
        waiting.approve(BOB)

        end = waiting.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "SHIPPING_FAILED")
        assert end.reason == "The carrier does not deliver there."
        assert waiting.names[-2:] == ["refund_payment", "process_cancellation"]

    def test_a_shipping_that_fails_for_hours_goes_on(self, waiting: ScriptedOrder) -> None:
        waiting.fail("prepare_package", times=450)
        waiting.approve(BOB)

        assert waiting.result().status == "COMPLETED"

    @pytest.mark.parametrize("name", ["receive_order", "validate_order"])
    def test_no_outage_makes_an_order_invalid(self, order: ScriptedOrder, name: str) -> None:
        order.fail(name, times=100)
        order.start()
        order.approve(BOB)

        assert order.result().status == "COMPLETED"

    @pytest.mark.parametrize("error_type", ["OrderClosed", "IllegalTransition", "OrderNotFound"])
    @pytest.mark.parametrize(
        "name", ["validate_order", "charge_payment", "prepare_package", "dispatch_carrier", "complete_order"]
    )
    def test_a_run_of_which_the_tables_say_something_else_fails_and_touches_nothing_more(
        self, order: ScriptedOrder, name: str, error_type: str
    ) -> None:
        order.refuse(name, error_type, "The order is elsewhere.")
        order.start()
        order.approve(BOB)

        error = _cause(order)

        assert (error.type, error.message) == (error_type, "The order is elsewhere.")
        assert order.names[-1] == name

    def test_a_cancellation_of_a_closed_order_fails_the_run_too(self, waiting: ScriptedOrder) -> None:
        waiting.refuse("process_cancellation", "OrderClosed", "The order is completed.")
        waiting.cancel(DANA)

        assert _cause(waiting).type == "OrderClosed"

    def test_a_shipping_that_was_cancelled_in_temporal_refunds_the_charge(
        self, waiting: ScriptedOrder, harness: WorkflowHarness
    ) -> None:
        waiting.hold("prepare_package")
        waiting.approve(BOB)
        waiting.wait_for_call("prepare_package")

        harness.run(harness.client.get_workflow_handle(f"shipping-{waiting.order_id}").cancel())
        waiting.wait_until_shipping_stops()
        waiting.release("prepare_package")

        end = waiting.result()
        assert end.reason_code == "SHIPPING_FAILED"
        assert (end.cause, end.reason) == (Cause.STEP_CANCELLED, "It was cancelled in Temporal.")


class TestCancelledRun:
    def test_the_order_is_cancelled_and_the_run_ends_in_order(
        self, waiting: ScriptedOrder, harness: WorkflowHarness
    ) -> None:
        harness.run(waiting.handle.cancel(reason="cleaning up"))

        end = waiting.result()

        assert (end.status, end.reason_code) == ("CANCELLED", "STAFF")
        assert (end.cause, end.reason_text) == (Cause.RUN_CANCELLED, "cleaning up")
        assert end.reason == "The order's workflow run was cancelled in Temporal. cleaning up"
        # A step that finds no slot at once, as on a busy machine, is taken a second time.
        assert list(dict.fromkeys(waiting.names)) == [*WAY_TO_APPROVAL, "process_cancellation"]

    def test_money_is_given_back(self, waiting: ScriptedOrder, harness: WorkflowHarness) -> None:
        waiting.hold("charge_payment")
        waiting.approve(BOB)
        waiting.wait_for_call("charge_payment")
        harness.run(waiting.handle.cancel())
        wait_until(lambda: waiting.status().cancelled, what="the request")
        waiting.release("charge_payment")

        assert waiting.result().status == "CANCELLED"
        assert waiting.names[-2:] == ["refund_payment", "process_cancellation"]

    def test_a_cancellation_under_way_is_not_disturbed(self, waiting: ScriptedOrder, harness: WorkflowHarness) -> None:
        waiting.hold("process_cancellation")
        waiting.cancel(DANA)
        waiting.wait_for_call("process_cancellation")
        harness.run(waiting.handle.cancel())
        waiting.release("process_cancellation")

        end = waiting.result()

        assert (end.status, end.reason) == ("CANCELLED", "Customer called")

    def test_it_is_too_late_once_the_order_is_being_completed(
        self, waiting: ScriptedOrder, harness: WorkflowHarness
    ) -> None:
        waiting.hold("complete_order")
        waiting.approve(BOB)
        waiting.wait_for_call("complete_order")
        harness.run(waiting.handle.cancel())
        waiting.release("complete_order")

        assert waiting.result().status == "COMPLETED"


class TestLaterRun:
    def test_an_order_goes_on_with_its_deadline_and_its_approval(self, order: ScriptedOrder) -> None:
        deadline = datetime(2030, 1, 1, tzinfo=UTC).isoformat()
        order.start(deadline=deadline, decision=BOB)

        end = order.result()

        assert (end.status, end.deadline) == ("COMPLETED", deadline)
        assert order.argument("validate_order").deadline == deadline
        assert order.argument("charge_payment").decision == BOB
        assert end.last_decision is not None
        assert end.last_decision.actor == "bob"

    def test_an_order_that_nobody_approved_in_time_is_cancelled(self, order: ScriptedOrder) -> None:
        order.start(deadline=datetime(2020, 1, 1).isoformat())  # noqa: DTZ001 - an unaware text means UTC

        end = order.result()

        assert (end.reason_code, end.deadline) == ("APPROVAL_TIMEOUT", "2020-01-01T00:00:00+00:00")

    def test_what_a_closed_run_left_is_cleaned_up(self, order: ScriptedOrder) -> None:
        order.start(compensate_for="The order's run was terminated.")

        end = order.result()

        assert (end.status, end.reason_code, end.reason) == ("CANCELLED", "STAFF", "The order's run was terminated.")
        assert order.names == ["receive_order", "refund_payment", "process_cancellation"]

    def test_nobody_can_decide_any_more_about_what_is_cleaned_up(self, order: ScriptedOrder) -> None:
        order.hold("receive_order")
        order.start(compensate_for="The order's run was terminated.")
        order.wait_for_call("receive_order")
        answer = order.cancel(DANA).last_decision
        order.release("receive_order")

        assert answer is not None
        assert answer.outcome == "too_late"
        assert order.result().reason == "The order's run was terminated."

    def test_a_shipping_that_is_still_ending_is_waited_for(
        self, waiting: ScriptedOrder, harness: WorkflowHarness
    ) -> None:
        other = ScriptedOrder(harness)
        other.hold("prepare_package")
        start = harness.client.start_workflow(
            contracts.SHIPPING_WORKFLOW,
            contracts.ShippingInput(other.order_id),
            id=f"shipping-{waiting.order_id}",
            task_queue=contracts.SHIPPING_QUEUE,
        )
        harness.run(start)
        other.wait_for_call("prepare_package")
        waiting.approve(BOB)
        waiting.wait_for("shipping")
        refused = "start_child_workflow_execution_failed"
        wait_until(lambda: harness.has_event(waiting.handle, refused), what="the refused start")
        other.release("prepare_package")

        assert waiting.result().status == "COMPLETED"


class TestFailedRun:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ([], "takes one argument, an object with an order_id. It got 0."),
            (["order-X", "order-Y"], "It got 2"),
            (["order-X"], "must be an object with an order_id, not str"),
            ([None], "not NoneType"),
            ([[1, 2]], "not list"),
            ([{}], "order_id is missing"),
            ([{"order_id": 5}], "order_id of the argument must be a text"),
            ([{"order_id": "order-" + "X" * 100}], "order_id of the argument is not an id"),
            ([{"order_id": "order-X", "approval_seconds": "soon"}], "approval_seconds"),
            ([{"order_id": "order-X", "approval_seconds": 10**30}], "approval_seconds"),
            ([{"order_id": "order-X", "approval_seconds": True}], "approval_seconds"),
            ([{"order_id": "order-X", "approval_seconds": 1.5}], "approval_seconds"),
            ([{"order_id": "order-X", "deadline": "9999-12-31T23:59:59-23:00"}], "deadline"),
            ([{"order_id": "order-X", "deadline": {}}], "deadline"),
            ([{"order_id": "order-X", "decision": [1]}], "decision"),
            ([{"order_id": "order-X", "payment_id": 7}], "payment_id"),
            ([{"order_id": "order-X", "compensate_code": "BECAUSE"}], "compensate_code"),
        ],
    )
    def test_a_run_that_was_started_with_something_else_fails_at_once(
        self, harness: WorkflowHarness, arguments: list[object], sentence: str
    ) -> None:
        failure = _fail_to_start(harness, contracts.ORDER_WORKFLOW, contracts.ORDER_QUEUE, arguments)

        assert sentence in failure.message
        assert failure.non_retryable

    @pytest.mark.parametrize("arguments", [[], ["order-X"], [{}], [{"order_id": "order-X"}, 1]])
    def test_a_shipping_that_was_started_with_something_else_fails_at_once(
        self, harness: WorkflowHarness, arguments: list[object]
    ) -> None:
        failure = _fail_to_start(harness, contracts.SHIPPING_WORKFLOW, contracts.SHIPPING_QUEUE, arguments)

        assert "argument" in failure.message.lower()

    @pytest.mark.parametrize(
        "payload",
        [
            Payload(metadata={"encoding": b"json/plain"}, data=b"{not json"),
            Payload(metadata={"encoding": b"json/protobuf"}, data=b"{}"),
            Payload(metadata={"encoding": b"of-tomorrow"}, data=b"1"),
            Payload(data=b"1"),
        ],
    )
    def test_a_run_whose_argument_cannot_be_decoded_fails_at_once(
        self, harness: WorkflowHarness, payload: Payload
    ) -> None:
        arguments = [RawValue(payload)]

        failure = _fail_to_start(harness, contracts.ORDER_WORKFLOW, contracts.ORDER_QUEUE, arguments)

        assert "cannot be read" in failure.message

    @pytest.mark.parametrize("arguments", [[{"actor": "olga"}, "one too many"], ["a", "b", "c"]])
    def test_an_argument_too_many_of_a_signal_is_passed_over(
        self, waiting: ScriptedOrder, arguments: list[object]
    ) -> None:
        waiting.approve(*arguments)

        assert waiting.result().status == "COMPLETED"

    def test_a_signal_that_cannot_be_decoded_is_dropped(self, waiting: ScriptedOrder) -> None:
        broken = RawValue(Payload(metadata={"encoding": b"of-tomorrow"}, data=b"1"))
        waiting.cancel(broken)

        waiting.approve(BOB)

        assert waiting.result().status == "COMPLETED"

    def test_an_unknown_order_fails_the_run(self, order: ScriptedOrder) -> None:
        order.refuse("receive_order", contracts.ORDER_NOT_FOUND, "There is no such order.")
        order.start()

        error = _failure(order)

        assert isinstance(error, ActivityError)
        assert isinstance(error.cause, ApplicationError)
        assert error.cause.message == "There is no such order."
        assert order.names == ["receive_order"]

    def test_a_deadline_that_is_no_time_fails_the_run(self, order: ScriptedOrder) -> None:
        order.start(deadline="tomorrow")

        assert isinstance(_failure(order), ApplicationError)

    def test_a_workflow_id_that_is_not_the_order_id_fails_the_run(
        self, order: ScriptedOrder, harness: WorkflowHarness
    ) -> None:
        start = harness.client.execute_workflow(
            contracts.ORDER_WORKFLOW,
            contracts.OrderInput(order.order_id),
            id="something-else",
            task_queue=contracts.ORDER_QUEUE,
        )
        with pytest.raises(WorkflowFailureError):
            harness.run(start)
        assert order.calls == []


def _fail_to_start(harness: WorkflowHarness, name: str, queue: str, arguments: list[Any]) -> ApplicationError:
    """Return why a run with these arguments failed, after one workflow task that did not fail."""
    start = harness.client.start_workflow(name, args=arguments, id=f"order-{uuid4().hex[:12]}", task_queue=queue)
    handle = harness.run(start)
    with pytest.raises(WorkflowFailureError) as caught:
        harness.run(handle.result())
    assert not harness.has_event(handle, "workflow_task_failed")
    assert isinstance(caught.value.cause, ApplicationError)
    return caught.value.cause


def _cause(order: ScriptedOrder) -> ApplicationError:
    """Return the refusal that failed the run."""
    failure = _failure(order)
    cause = find_cause(failure) if failure else None
    assert isinstance(cause, ApplicationError)
    return cause


def _failure(order: ScriptedOrder) -> BaseException | None:
    with pytest.raises(WorkflowFailureError) as caught:
        order.result()
    return caught.value.cause


def test_the_status_query_answers_a_plain_json_object(waiting: ScriptedOrder) -> None:
    answer: dict[str, Any] = waiting.raw_status()

    assert answer["status"] == "PENDING_MANUAL_APPROVAL"
    assert (answer["approved"], answer["cancelled"], answer["waiting_for"]) == (False, False, "approval")
    assert answer.keys() == {
        *("order_id", "status", "approved", "cancelled", "waiting_for", "deadline"),
        *("reason_code", "reason", "last_decision", "cause", "reason_text"),
        *("approvals", "approvals_needed"),
    }
    waiting.cancel()
