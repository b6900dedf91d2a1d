"""orders.lifecycle.losses: how far a step had come whose worker was lost."""

from typing import Any

import pytest
from pytest_django import Settings

from orders.events import EventKind, Reach
from orders.lifecycle import attempts, losses
from orders.models import Order, PaymentAttempt, Refund
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db

AUTHORISED = {"payment_method": "sim_auth_2500_EUR"}


def ask_for_refund(order: Order) -> None:
    """Write that the gateway is about to be asked for money back, and nothing of its answer."""
    facts = {"kind": PaymentAttempt.Kind.REFUND, "request_hash": order.payment.request_hash}
    PaymentAttempt.objects.create(payment=order.payment, **facts)


@pytest.mark.parametrize(
    ("activity", "facts", "reach"),
    [
        ("receive_order", {"status": "CREATED"}, Reach.NOT_ASKED),
        ("validate_order", {"status": "CREATED"}, Reach.NOT_ASKED),
        ("validate_order", {"status": "PENDING_MANUAL_APPROVAL"}, Reach.DONE),
        ("charge_payment", {"status": "PENDING_MANUAL_APPROVAL"}, Reach.NOT_ASKED),
        ("charge_payment", {"status": "PENDING_MANUAL_APPROVAL", **AUTHORISED}, Reach.NOT_ASKED),
        ("charge_payment", {"status": "CHARGING_PAYMENT"}, Reach.MAY_HAVE_ASKED),
        ("charge_payment", {"status": "CHARGING_PAYMENT", **AUTHORISED}, Reach.MAY_HAVE_ASKED),
        ("charge_payment", {"status": "PAID"}, Reach.DONE),
        ("prepare_package", {"status": "PAID"}, Reach.MAY_HAVE_ASKED),
        ("prepare_package", {"status": "PACKAGE_PREPARED"}, Reach.DONE),
        ("dispatch_carrier", {"status": "PACKAGE_PREPARED"}, Reach.MAY_HAVE_ASKED),
        ("dispatch_carrier", {"status": "DISPATCHED"}, Reach.DONE),
        ("complete_order", {"status": "DISPATCHED"}, Reach.NOT_ASKED),
        ("complete_order", {"status": "COMPLETED"}, Reach.DONE),
        ("refund_payment", {"status": "PAID"}, Reach.NOT_ASKED),
        ("refund_payment", {"status": "CANCELLING", "cancelled_from": "PAID"}, Reach.DONE),
        ("refund_payment", {"status": "CANCELLING"}, Reach.DONE),
        ("process_cancellation", {"status": "CANCELLING"}, Reach.NOT_ASKED),
        ("process_cancellation", {"status": "CANCELLING", "cancelled_from": "DISPATCHED"}, Reach.MAY_HAVE_ASKED),
        ("process_cancellation", {"status": "CANCELLED", "cancelled_from": "DISPATCHED"}, Reach.DONE),
    ],
)
def test_how_far_a_step_had_come(
    make_order: MakeOrder, settings: Settings, activity: str, facts: dict[str, Any], reach: Reach
) -> None:
    settings.PAYMENT_CAPTURE = "authorised" if "payment_method" in facts else "charge"
    assert losses.find_reach(make_order(**facts), activity) == reach


def test_an_authorisation_that_was_asked_for(make_order: MakeOrder, settings: Settings) -> None:
    settings.PAYMENT_CAPTURE = "authorised"
    order = make_order("PENDING_MANUAL_APPROVAL", **AUTHORISED)
    order.status = "CREATED"  # as it is while its validation has not come to its end
    assert losses.find_reach(order, "validate_order") == Reach.MAY_HAVE_ASKED


def test_a_refund_of_a_cancellation_that_has_no_answer(make_order: MakeOrder) -> None:
    order = make_order("PAID")
    ask_for_refund(order)
    assert losses.find_reach(order, "refund_payment") == Reach.MAY_HAVE_ASKED


def test_a_refund_that_somebody_asked_for(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    facts: dict[str, Any] = {"amount": 100, "currency": "EUR", "reason_code": "WRONG_PRICE"}
    refund = Refund.objects.create(payment=order.payment, key="refund-1", **facts)

    assert losses.find_reach(order, "give_back_refund", "refund-1") == Reach.NOT_ASKED
    ask_for_refund(order)
    assert losses.find_reach(order, "give_back_refund", "refund-1") == Reach.MAY_HAVE_ASKED
    refund.status, refund.finished_at = Refund.Status.FAILED, refund.requested_at
    refund.save()
    assert losses.find_reach(order, "give_back_refund", "refund-1") == Reach.DONE


def test_an_attempt_that_told_of_its_failure_meanwhile_was_not_lost(make_order: MakeOrder) -> None:
    order = make_order("CHARGING_PAYMENT")
    attempts.record_failed_attempt(order.order_id, "charge_payment", 1, "The gateway broke.", run_id="run-1")

    is_new = losses.record_lost_attempt(order.order_id, "charge_payment", 1, "No answer.", run_id="run-1", seconds=6)

    assert not is_new
    assert not order.events.filter(kind=EventKind.STEP_LOST).exists()


def test_a_lost_refund_names_itself_and_fails_last(make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")

    losses.record_lost_attempt(
        order.order_id, "give_back_refund", 1, "No answer.", run_id="run-1", seconds=6, refund_key="refund-1"
    )

    lost, failed = [event for event in order.events.all() if event.kind.startswith("step.")]
    assert (lost.kind, failed.kind) == (EventKind.STEP_LOST, EventKind.STEP_FAILED)
    assert lost.data["refund_key"] == failed.data["refund_key"] == "refund-1"
    order.refresh_from_db()
    assert order.version == order.events.count()
