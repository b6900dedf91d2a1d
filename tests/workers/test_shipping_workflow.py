"""ShippingWorkflow by itself, on the time-skipping server."""

from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError
from temporalio.testing import WorkflowEnvironment

from orders import contracts
from orders.contracts import Decision
from tests.programs import find_binary
from tests.stage import ANSWERS, Play, Stage, open_stage, perform_on_stage
from tests.waiting import wait_until
from workers.payloads import DATA_CONVERTER
from workers.workflows.shipping import ShippingWorkflow

Shipping = WorkflowHandle[Any, contracts.CarrierDispatched]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with open_stage(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def play(stage: Stage) -> Play:
    return Play(stage)


def _ship(stage: Stage, play: Play) -> Shipping:
    return stage.run(
        stage.client.start_workflow(
            ShippingWorkflow.run,
            contracts.ShippingInput(play.order_id),
            id=contracts.shipping_workflow_id(play.order_id),
            task_queue=contracts.SHIPPING_QUEUE,
        )
    )


def _failure(stage: Stage, shipping: Shipping) -> BaseException | None:
    with pytest.raises(WorkflowFailureError) as caught:
        stage.run(shipping.result())
    return caught.value.cause


def test_it_packs_the_order_and_hands_it_to_the_carrier(stage: Stage, play: Play) -> None:
    dispatched = stage.run(_ship(stage, play).result())

    assert dispatched == ANSWERS["dispatch_carrier"]
    assert play.calls == [
        ("prepare_package", contracts.PreparePackage(play.order_id)),
        ("dispatch_carrier", contracts.DispatchCarrier(play.order_id, "shipping-1")),
    ]


def test_a_refusal_is_not_tried_again(stage: Stage, play: Play) -> None:
    play.refuse("dispatch_carrier", contracts.SHIPPING_REFUSED, "The carrier does not deliver there.")

    error = _failure(stage, _ship(stage, play))

    assert isinstance(error, ActivityError)
    assert isinstance(error.cause, ApplicationError)
    assert (error.cause.type, error.cause.message) == ("ShippingRefused", "The carrier does not deliver there.")
    assert play.names.count("dispatch_carrier") == 1


def test_a_failing_step_is_tried_for_hours(stage: Stage, play: Play) -> None:
    play.fail("dispatch_carrier", times=450)

    assert stage.run(_ship(stage, play).result()).tracking_number == "SP1"


def test_a_cancellation_lets_the_running_step_end_and_starts_no_other(stage: Stage, play: Play) -> None:
    play.hold("prepare_package")
    shipping = _ship(stage, play)
    play.wait_for_call("prepare_package")
    stage.run(shipping.cancel())
    play.wait_until_shipping_stops()
    play.release("prepare_package")

    assert isinstance(_failure(stage, shipping), CancelledError)
    assert play.names == ["prepare_package"]


def test_a_cancellation_gives_up_a_step_that_waits_for_its_next_attempt(stage: Stage, play: Play) -> None:
    play.fail("prepare_package", times=10_000)
    shipping = _ship(stage, play)
    play.wait_for_call("prepare_package", times=2)
    stage.run(shipping.cancel())

    assert isinstance(_failure(stage, shipping), CancelledError)
    assert "dispatch_carrier" not in play.names


def test_a_step_that_fails_while_it_is_cancelled_counts_as_cancelled(stage: Stage, play: Play) -> None:
    play.hold("prepare_package")
    play.refuse("prepare_package", contracts.SHIPPING_REFUSED, "The order is being cancelled.")
    shipping = _ship(stage, play)
    play.wait_for_call("prepare_package")
    stage.run(shipping.cancel())
    play.wait_until_shipping_stops()
    play.release("prepare_package")

    assert isinstance(_failure(stage, shipping), CancelledError)


@pytest.fixture
def real_stage() -> Iterator[Stage]:
    """The dev server: the time-skipping one does nothing to the child of a run that is terminated."""
    server = WorkflowEnvironment.start_local(
        dev_server_existing_path=find_binary("temporal"), dev_server_log_level="error", data_converter=DATA_CONVERTER
    )
    with perform_on_stage(server) as opened:
        yield opened


def test_the_shipping_of_a_run_that_is_terminated_ends_in_order(real_stage: Stage) -> None:
    """It is asked to end, so that the step under way comes to its end and no other begins; it is not cut off."""
    play = Play(real_stage)
    play.hold("prepare_package")
    play.start()
    play.approve(Decision("d-bob", "bob"))
    play.wait_for_call("prepare_package")
    shipping: Shipping = real_stage.client.get_workflow_handle(contracts.shipping_workflow_id(play.order_id))

    real_stage.run(play.handle.terminate())

    asked_to_end = "workflow_execution_cancel_requested"
    wait_until(lambda: real_stage.has_event(shipping, asked_to_end), seconds=4, what="the request")
    play.release("prepare_package")
    assert isinstance(_failure(real_stage, shipping), CancelledError)
    assert play.names[-1] == "prepare_package"
