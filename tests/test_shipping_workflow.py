"""ShippingWorkflow by itself, on the time-skipping server."""

from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from orders import contracts
from tests.programs import find_binary
from tests.stage import ANSWERS, Play, Stage, open_stage
from workers.workflows import ShippingWorkflow

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
