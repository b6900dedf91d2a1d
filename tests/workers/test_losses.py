"""Attempts that follow one without an answer: whether that was lost with its worker, hung, or failed after all."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock, patch

import pytest
from pytest_django import Settings
from temporalio.common import RetryPolicy
from temporalio.testing import ActivityEnvironment

from orders import contracts
from orders.decisions.steps import Deed, steer_step
from orders.engine import steering, temporal
from orders.engine.pending import PendingActivity
from orders.errors import OutsideWorldFailed, TemporalAway
from orders.events import EventKind
from orders.lifecycle import attempts
from orders.models import GatewayMovement, Order
from tests.making import MakeOrder, approve, make_user
from workers import activities, losses
from workers.attempts import make_attempt

pytestmark = pytest.mark.django_db(transaction=True)  # an attempt lets go of connections

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
POLICY = RetryPolicy(timedelta(seconds=1), 1.5, timedelta(seconds=10))
RUN = "run-of-the-losses"


@pytest.fixture
def asked() -> Iterator[Mock]:
    """What is asked of Temporal about an attempt; it says that the one before has timed out."""
    with patch.object(temporal, "find_attempt", side_effect=lambda *_, **__: answer(2)) as found:
        yield found


def answer(attempt: int, **facts: Any) -> PendingActivity:
    told: dict[str, Any] = {"last_failure": "activity StartToClose timeout", "has_timed_out": True} | facts
    return PendingActivity("charge_payment", attempt, next_attempt_at=None, **told)


def charge(order: Order, number: int = 1, *, waited: float = 0.2, policy: RetryPolicy | None = POLICY) -> None:
    """Make attempt `number` to charge; it has waited for a worker so many seconds."""
    environment = ActivityEnvironment()
    facts: dict[str, Any] = {
        "activity_type": "charge_payment",
        "activity_id": order.order_id,
        "attempt": number,
        "workflow_run_id": RUN,
        "start_to_close_timeout": timedelta(seconds=5),
        "retry_policy": policy,
        "current_attempt_scheduled_time": NOON,
        "started_time": NOON + timedelta(seconds=waited),
    }
    environment.info = dataclasses.replace(environment.info, **facts)
    environment.run(make_attempt, activities.charge_payment, contracts.ChargePayment(order.order_id, order.payment_id))


def charging(make_order: MakeOrder) -> Order:
    """An order whose charge has been begun, by an attempt that never answered."""
    return make_order("CHARGING_PAYMENT")


def told(order: Order) -> list[tuple[str, Any]]:
    """What the history says since the charge began."""
    kinds = [(event.kind, event.data) for event in order.events.all()]
    return kinds[[kind for kind, _ in kinds].index(EventKind.CHARGING) + 1 :]


def kinds_told(order: Order) -> list[str]:
    return [kind for kind, _ in told(order)]


def test_a_lost_attempt_is_told_once_where_it_was_resumed(make_order: MakeOrder, asked: Mock) -> None:
    order = charging(make_order)

    charge(order, 2)
    charge(order, 2)

    assert kinds_told(order) == ["step.lost", "step.failed", "payment.charged", "order.paid"]
    lost = told(order)[0][1]
    assert lost == {"activity": "charge_payment", "attempt": 1, "reach": "MAY_HAVE_ASKED", "seconds": 6}
    asked.assert_called_once_with("test", RUN, order.order_id, order_id=order.order_id)
    assert GatewayMovement.objects.filter(merchant_reference=order.order_id).count() == 1


@pytest.mark.parametrize(
    ("number", "waited", "seconds"), [(2, 0.2, 6), (2, 3600, 3606), (3, 0, 6), (4, 0.3, 8), (10, 0, 15)]
)
def test_the_seconds_are_limit_wait_and_time_without_a_worker(
    make_order: MakeOrder, asked: Mock, number: int, waited: float, seconds: int
) -> None:
    asked.side_effect = lambda *_, **__: answer(number)
    order = charging(make_order)

    charge(order, number, waited=waited)

    assert told(order)[0][1]["seconds"] == seconds


def test_what_is_not_known_of_the_time_is_not_told(make_order: MakeOrder, asked: Mock) -> None:
    order = charging(make_order)

    charge(order, 2, policy=None)

    assert "seconds" not in told(order)[0][1]


def test_where_a_person_steered_the_step_its_time_is_not_known(make_order: MakeOrder, asked: Mock) -> None:
    order = charging(make_order)
    with patch.object(steering, "retry_step"):
        steer_step(order, Deed.RETRY, actor=make_user("bob", "approver"), step="charge_payment")

    charge(order, 2)

    assert kinds_told(order)[:2] == ["step.retried", "step.lost"]
    assert "seconds" not in told(order)[1][1]


def test_an_attempt_that_answered_is_no_loss(make_order: MakeOrder, asked: Mock, settings: Settings) -> None:
    order = charging(make_order)
    settings.FLAKY_FAIL_RATE = 1.0
    with pytest.raises(OutsideWorldFailed):
        charge(order, 1)
    settings.FLAKY_FAIL_RATE = 0.0

    charge(order, 2)

    assert kinds_told(order) == ["step.failed", "payment.charged", "order.paid"]
    asked.assert_not_called()


def test_a_failure_that_could_not_be_written_is_told_with_its_answer(make_order: MakeOrder, asked: Mock) -> None:
    asked.side_effect = lambda *_, **__: answer(2, last_failure="The database was away.", has_timed_out=False)
    order = charging(make_order)

    charge(order, 2)

    assert kinds_told(order) == ["step.failed", "payment.charged", "order.paid"]
    assert told(order)[0][1]["error"] == "The database was away."


@pytest.mark.parametrize("said", [None, answer(3), TemporalAway("away")], ids=["nothing", "another attempt", "away"])
def test_what_temporal_does_not_say_is_no_loss(make_order: MakeOrder, asked: Mock, said: Any) -> None:
    asked.side_effect = [said]
    order = charging(make_order)

    charge(order, 2)

    assert kinds_told(order) == ["step.failed", "payment.charged", "order.paid"]
    assert told(order)[0][1]["error"] == losses.NO_ANSWER


def test_an_attempt_that_this_process_still_makes_is_not_lost(make_order: MakeOrder, asked: Mock) -> None:
    order = charging(make_order)

    with patch.dict(losses._made_here, {(RUN, order.order_id, 1): None}):
        charge(order, 2)

    assert "step.lost" not in kinds_told(order)
    asked.assert_not_called()


def test_an_attempt_that_took_too_long_here_is_remembered(
    make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = approve(make_order())
    with patch.dict(losses._made_here, clear=True):
        charge(order, 1)
        assert not losses._made_here
        monkeypatch.setattr("workers.losses.steps.START_TO_CLOSE", timedelta())
        monkeypatch.setattr(losses, "MOST_REMEMBERED", 2)
        for number in (1, 2, 3):
            with patch.object(attempts, "is_failure_recorded", return_value=True):
                charge(order, number)
        assert [number for _, _, number in losses._made_here] == [2, 3]


def test_an_ordinary_attempt_asks_temporal_nothing(make_order: MakeOrder, asked: Mock) -> None:
    order = approve(make_order())

    charge(order, 1)

    asked.assert_not_called()
    assert "step.lost" not in kinds_told(order)
