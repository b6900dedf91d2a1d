"""ShippingWorkflow alone, on the time-skipping server."""

from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.testing import WorkflowEnvironment

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ANSWERS, ScriptedOrder, WorkflowHarness, run_harness, start_harness
from workers.payloads import DATA_CONVERTER
from workers.workflows.shipping import ShippingWorkflow

Shipping = WorkflowHandle[Any, contracts.CarrierDispatched]


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_harness(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


def _ship(harness: WorkflowHarness, order: ScriptedOrder) -> Shipping:
    return harness.run(
        harness.client.start_workflow(
            ShippingWorkflow.run,
            contracts.ShippingInput(order.order_id),
            id=contracts.shipping_workflow_id(order.order_id),
            task_queue=contracts.SHIPPING_QUEUE,
        )
    )


def _failure(harness: WorkflowHarness, shipping: Shipping) -> BaseException | None:
    with pytest.raises(WorkflowFailureError) as caught:
        harness.run(shipping.result())
    return caught.value.cause


def test_it_packs_the_order_and_hands_it_to_the_carrier(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    dispatched = harness.run(_ship(harness, order).result())

    assert dispatched == ANSWERS["dispatch_carrier"]
    assert order.calls == [
        ("prepare_package", contracts.PreparePackage(order.order_id)),
        ("dispatch_carrier", contracts.DispatchCarrier(order.order_id, "shipping-1")),
    ]


def test_a_refusal_is_not_tried_again(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    order.refuse("dispatch_carrier", contracts.SHIPPING_REFUSED, "The carrier does not deliver there.")

    error = _failure(harness, _ship(harness, order))

    assert isinstance(error, ActivityError)
    assert isinstance(error.cause, ApplicationError)
    assert (error.cause.type, error.cause.message) == ("ShippingRefused", "The carrier does not deliver there.")
    assert order.names.count("dispatch_carrier") == 1


def test_a_failing_step_is_tried_for_hours(harness: WorkflowHarness, order: ScriptedOrder) -> None:
    order.fail("dispatch_carrier", times=450)

    assert harness.run(_ship(harness, order).result()).tracking_number == "SP1"


def test_a_cancellation_lets_the_running_step_end_and_starts_no_other(
    harness: WorkflowHarness, order: ScriptedOrder
) -> None:
    order.hold("prepare_package")
    shipping = _ship(harness, order)
    order.wait_for_call("prepare_package")
    harness.run(shipping.cancel())
    order.wait_until_shipping_stops()
    order.release("prepare_package")

    assert isinstance(_failure(harness, shipping), CancelledError)
    assert order.names == ["prepare_package"]


def test_a_cancellation_gives_up_a_step_that_waits_for_its_next_attempt(
    harness: WorkflowHarness, order: ScriptedOrder
) -> None:
    order.fail("prepare_package", times=10_000)
    shipping = _ship(harness, order)
    order.wait_for_call("prepare_package", times=2)
    harness.run(shipping.cancel())

    assert isinstance(_failure(harness, shipping), CancelledError)
    assert "dispatch_carrier" not in order.names


def test_a_step_that_fails_while_it_is_cancelled_counts_as_cancelled(
    harness: WorkflowHarness, order: ScriptedOrder
) -> None:
    order.hold("prepare_package")
    order.refuse("prepare_package", contracts.SHIPPING_REFUSED, "The order is being cancelled.")
    shipping = _ship(harness, order)
    order.wait_for_call("prepare_package")
    harness.run(shipping.cancel())
    order.wait_until_shipping_stops()
    order.release("prepare_package")

    assert isinstance(_failure(harness, shipping), CancelledError)


@pytest.fixture
def real_harness() -> Iterator[WorkflowHarness]:
    """The dev server: the time-skipping one does nothing to the child of a run that is terminated."""
    server = WorkflowEnvironment.start_local(
        dev_server_existing_path=find_binary("temporal"), dev_server_log_level="error", data_converter=DATA_CONVERTER
    )
    with run_harness(server) as opened:
        yield opened


def test_the_shipping_of_a_run_that_is_terminated_ends_in_order(real_harness: WorkflowHarness) -> None:
    """It is asked to end, so that the step under way comes to its end and no other begins; it is not cut off."""
    order = ScriptedOrder(real_harness)
    order.hold("prepare_package")
    order.start()
    order.approve(Decision("d-bob", "bob"))
    order.wait_for_call("prepare_package")
    shipping: Shipping = real_harness.client.get_workflow_handle(contracts.shipping_workflow_id(order.order_id))

    real_harness.run(order.handle.terminate())

    asked_to_end = "workflow_execution_cancel_requested"
    wait_until(lambda: real_harness.has_event(shipping, asked_to_end), seconds=4, what="the request")
    order.release("prepare_package")
    assert isinstance(_failure(real_harness, shipping), CancelledError)
    assert order.names[-1] == "prepare_package"
