"""What Temporal lists a run by, on a dev server that has the search attributes of orders."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.common import SearchAttributeKey
from temporalio.converter import DataConverter

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ScriptedOrder, WorkflowHarness, start_listing_harness
from workers.workflows.patches import JOINED

BOB = Decision("d-bob", "bob", "Looks good")
DANA = Decision("d-dana", "dana", "Customer called")
LATER = "2099-01-01T00:00:00+00:00"
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
# The SDK's own, which tells of patches.
OF_PATCHES = "TemporalChangeVersion"


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_listing_harness(find_binary("temporal")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


def start(order: ScriptedOrder, **changes: Any) -> None:
    order.start(has_search_attributes=True, **changes)


def start_waiting(order: ScriptedOrder, **changes: Any) -> None:
    start(order, **changes)
    order.wait_for("approval")


def attributes(harness: WorkflowHarness, order: ScriptedOrder) -> dict[str, Any]:
    """Return what Temporal has of ours."""
    found = harness.run(order.handle.describe()).typed_search_attributes
    return {pair.key.name: pair.value for pair in found if pair.key.name in contracts.SEARCH_ATTRIBUTES}


def is_listed(harness: WorkflowHarness, order: ScriptedOrder, wanted: dict[str, Any]) -> bool:
    return attributes(harness, order) == wanted


def find_statuses_set(harness: WorkflowHarness, order: ScriptedOrder) -> list[str]:
    """Return the status of each time that they were set; fail where a workflow task did it twice."""
    events = harness.run(order.handle.fetch_history()).events
    told = [event.upsert_workflow_search_attributes_event_attributes for event in events if event.event_type == UPSERT]
    ours = [each for each in told if OF_PATCHES not in each.search_attributes.indexed_fields]
    assert set(Counter(each.workflow_task_completed_event_id for each in ours).values()) <= {1}
    decode = DataConverter.default.payload_converter.from_payload
    return [decode(each.search_attributes.indexed_fields[contracts.ORDER_STATUS]) for each in ours]


def test_an_order_that_waits_is_listed_with_its_deadline(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    order.answer("validate_order", contracts.OrderValidated(deadline=LATER))
    start_waiting(order)

    waiting = {"OrderStatus": "PENDING_MANUAL_APPROVAL", "WaitingFor": "approval"}
    # A query may be answered before its task is written.
    wait_until(lambda: attributes(harness, order) == waiting | {"ApprovalDeadline": datetime.fromisoformat(LATER)})
    order.cancel(DANA)
    order.result()


def test_a_completed_order_has_its_final_status_alone(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    start_waiting(order)
    order.approve(BOB)
    order.result()

    assert attributes(harness, order) == {"OrderStatus": "COMPLETED"}


def test_a_cancelled_order_has_its_final_status_alone(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    start_waiting(order)
    order.cancel(DANA)
    order.result()

    assert attributes(harness, order) == {"OrderStatus": "CANCELLED"}


def test_an_order_that_nobody_approved_has_its_final_status_alone(
    harness: WorkflowHarness, order: ScriptedOrder
) -> None:
    start(order, approval_seconds=1)
    order.result()

    assert attributes(harness, order) == {"OrderStatus": "CANCELLED"}


def test_an_order_that_was_completed_before_it_was_cancelled(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    order.hold("complete_order", locally=True)
    start(order)
    order.approve(BOB)
    order.wait_for_call("complete_order")
    order.signal(contracts.CANCEL_SIGNAL, DANA)
    order.release("complete_order")
    order.result()

    assert attributes(harness, order) == {"OrderStatus": "COMPLETED"}


def test_what_a_step_waits_for_is_listed(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    for step in ("charge_payment", "prepare_package", "complete_order"):
        order.hold(step)
    start(order)
    order.approve(BOB)
    for step, status, waiting_for in (
        ("charge_payment", "CHARGING_PAYMENT", "payment"),
        ("prepare_package", "PAID", "shipping"),
        ("complete_order", "DISPATCHED", "completion"),
    ):
        order.wait_for_call(step)
        wait_until(partial(is_listed, harness, order, {"OrderStatus": status, "WaitingFor": waiting_for}))
        order.release(step)
    order.result()


def test_a_refund_is_listed(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    order.refuse("dispatch_carrier", contracts.SHIPPING_REFUSED, "No such postcode.")
    order.hold("refund_payment")
    start(order)
    order.approve(BOB)
    order.wait_for_call("refund_payment")

    wait_until(partial(is_listed, harness, order, {"OrderStatus": "CANCELLING", "WaitingFor": "refund"}))
    order.release("refund_payment")
    order.result()
    assert attributes(harness, order) == {"OrderStatus": "CANCELLED"}


def test_a_deadline_that_was_extended_is_listed(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    start_waiting(order)
    order.answer("confirm_deadline", contracts.DeadlineConfirmed(LATER))
    order.extend()

    wait_until(lambda: attributes(harness, order)["ApprovalDeadline"] == datetime.fromisoformat(LATER))
    order.cancel(DANA)
    order.result()


def test_an_order_whose_approval_does_not_count_waits_again(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    order.answer("validate_order", contracts.OrderValidated(deadline=LATER))
    start_waiting(order)
    order.answer("charge_payment", contracts.PaymentCharged("pay-1", 0, "", "", is_approval_refused=True))
    order.approve(BOB)
    order.wait_for_call("charge_payment")

    order.wait_for("approval")
    wait_until(lambda: find_statuses_set(harness, order)[-1] == "PENDING_MANUAL_APPROVAL")
    assert find_statuses_set(harness, order)[-2] == "CHARGING_PAYMENT"
    waiting = {"OrderStatus": "PENDING_MANUAL_APPROVAL", "WaitingFor": "approval"}
    assert attributes(harness, order) == waiting | {"ApprovalDeadline": datetime.fromisoformat(LATER)}
    order.cancel(DANA)
    order.result()


def test_an_order_sets_them_four_times_on_its_common_way(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    start_waiting(order)
    order.approve(BOB)
    order.result()

    assert find_statuses_set(harness, order) == ["PENDING_MANUAL_APPROVAL", "CHARGING_PAYMENT", "PAID", "COMPLETED"]


def test_an_order_that_the_policy_approves_does_not_wait(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    approval = Decision("d-policy", contracts.POLICY_ACTOR)
    order.answer("validate_order", contracts.OrderValidated(approvals_needed=0, approvals=(approval,)))
    start(order)
    order.result()

    assert find_statuses_set(harness, order) == ["CHARGING_PAYMENT", "PAID", "COMPLETED"]


def test_an_order_that_is_cancelled_while_it_waits_sets_them_thrice(
    harness: WorkflowHarness, order: ScriptedOrder
) -> None:
    start_waiting(order)
    order.cancel(DANA)
    order.result()

    assert find_statuses_set(harness, order) == ["PENDING_MANUAL_APPROVAL", "CANCELLING", "CANCELLED"]


@pytest.mark.parametrize("word", [{}, {"has_search_attributes": False}, {"has_search_attributes": "yes"}])
def test_a_run_sets_nothing_unless_its_input_says_so(
    harness: WorkflowHarness, order: ScriptedOrder, word: dict[str, Any]
) -> None:
    order.start(**word)
    order.approve(BOB)
    order.result()

    assert find_statuses_set(harness, order) == []


@pytest.mark.parametrize("has_search_attributes", [True, False])
def test_one_patch_stands_for_all(harness: WorkflowHarness, order: ScriptedOrder, has_search_attributes: bool) -> None:
    order.start(has_search_attributes=has_search_attributes)
    order.approve(BOB)
    order.result()

    found = harness.run(order.handle.describe()).typed_search_attributes
    assert found.get(SearchAttributeKey.for_keyword_list(OF_PATCHES)) == [next(iter(JOINED))]
