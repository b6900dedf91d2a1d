"""The activities with the real database, and what surrounds each of their attempts."""

import dataclasses
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection, connections
from pytest_django import Settings
from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from orders import contracts
from orders.contracts import Decision
from orders.errors import OutsideWorldFailed
from orders.events import EventKind
from orders.intake.drafts import LineDraft
from orders.lifecycle import attempts
from orders.models import CarrierBooking, GatewayMovement, Order, Shipment
from tests.making import MakeOrder
from workers import activities, steps
from workers.attempts import StrayFailures, make_attempt
from workers.logs import SubjectFilter
from workers.losses import NO_ANSWER

ALL = [*activities.ORDER_ACTIVITIES, *activities.SHIPPING_ACTIVITIES]
BOB = Decision("d-bob", "bob")

Function = Callable[[Any], Any]


def run(function: Function, argument: Any) -> Any:
    return ActivityEnvironment().run(function, argument)


def attempt(function: Function, argument: Any, number: int = 1, *, is_local: bool = False) -> Any:
    """Make attempt `number` of an activity as the worker does, with all that surrounds it."""
    environment = ActivityEnvironment()
    facts: dict[str, Any] = {"activity_type": function.__name__, "attempt": number, "is_local": is_local}
    environment.info = dataclasses.replace(environment.info, **facts)
    return environment.run(make_attempt, function, argument)


def charge(order: Order) -> contracts.ChargePayment:
    return contracts.ChargePayment(order.order_id, order.payment_id, BOB)


def attempts_told(order: Order) -> list[tuple[str, str]]:
    return [(event.title, event.detail) for event in order.events.filter(kind=EventKind.STEP_FAILED)]


def is_silence(record: logging.LogRecord) -> bool:
    return NO_ANSWER in record.getMessage()


class TestNamesAndSignatures:
    def test_the_names_are_those_of_the_contract(self) -> None:
        names = {_definition(function).name for function in ALL}

        assert names == {
            *("receive_order", "validate_order", "confirm_deadline", "remind_approvers"),
            *("charge_payment", "refund_payment"),
            *("prepare_package", "dispatch_carrier", "complete_order", "process_cancellation"),
        }

    @pytest.mark.parametrize("function", ALL, ids=lambda function: function.__name__)
    def test_each_has_the_signature_that_the_workflow_calls(self, function: Function) -> None:
        step = steps.STEPS[_definition(function).name or ""]
        definition = _definition(function)

        assert definition.arg_types == [step.argument]
        assert definition.ret_type == step.answer

    @pytest.mark.parametrize("function", ALL, ids=lambda function: function.__name__)
    def test_a_write_is_never_cut_short_by_a_cancellation(self, function: Function) -> None:
        assert _definition(function).no_thread_cancel_exception

    def test_no_step_has_a_last_attempt(self) -> None:
        assert len(steps.STEPS) == 10
        assert all(step.retry_policy.maximum_attempts == 0 for step in steps.STEPS.values())


def _definition(function: Function) -> activity._Definition:
    return activity._Definition.must_from_callable(function)


@pytest.mark.django_db
class TestWork:
    def test_the_activities_bring_an_order_to_its_end(self, make_order: MakeOrder) -> None:
        order = make_order("CREATED")
        order_id = order.order_id

        received = run(activities.receive_order, contracts.ReceiveOrder(order_id, "run-1"))
        run(activities.validate_order, contracts.ValidateOrder(order_id, "2030-01-01T00:00:00+00:00"))
        charged = run(activities.charge_payment, charge(order))
        package = run(activities.prepare_package, contracts.PreparePackage(order_id))
        run(activities.dispatch_carrier, contracts.DispatchCarrier(order_id, package.shipment_id))
        completed = run(activities.complete_order, contracts.CompleteOrder(order_id))

        order.refresh_from_db()
        assert (order.status, order.decided_by, order.run_id) == ("COMPLETED", "bob", "run-1")
        assert received.payment_id == order.payment_id
        assert charged.amount == order.total
        assert completed.is_completed

    def test_a_charged_order_is_refunded_and_cancelled(self, make_order: MakeOrder) -> None:
        order = make_order("PAID")
        reason = ("STAFF", "Customer called", Decision("d-dana", "dana", "Customer called"))

        refunded = run(activities.refund_payment, contracts.RefundPayment(order.order_id, order.payment_id, *reason))
        run(activities.process_cancellation, contracts.ProcessCancellation(order.order_id, *reason))

        order.refresh_from_db()
        assert (order.status, order.reason, order.decided_by) == ("CANCELLED", "Customer called", "dana")
        assert refunded.amount == order.total

    def test_a_repeated_charge_takes_the_money_once(self, make_order: MakeOrder) -> None:
        order = make_order("PENDING_MANUAL_APPROVAL")

        first = run(activities.charge_payment, charge(order))
        second = run(activities.charge_payment, charge(order))

        assert first == second
        assert GatewayMovement.objects.filter(merchant_reference=order.order_id, kind="CHARGE").count() == 1


@pytest.mark.django_db
class TestRefusals:
    def test_an_unknown_order(self) -> None:
        _check_refused("OrderNotFound", activities.receive_order, contracts.ReceiveOrder("order-NONE"))

    def test_a_closed_order(self, make_order: MakeOrder) -> None:
        order = make_order("COMPLETED")

        _check_refused("OrderClosed", activities.receive_order, contracts.ReceiveOrder(order.order_id, "another run"))

    def test_an_invalid_order(self, make_order: MakeOrder) -> None:
        order = make_order("CREATED", lines=(LineDraft("SOLDOUT-1", "Lamp", 1, 100),))
        argument = contracts.ValidateOrder(order.order_id, "2030-01-01T00:00:00+00:00")

        _check_refused(contracts.ORDER_INVALID, activities.validate_order, argument)

    def test_a_declined_card(self, make_order: MakeOrder) -> None:
        order = make_order(customer_email="emma+declined@example.com")

        _check_refused(contracts.PAYMENT_DECLINED, activities.charge_payment, charge(order))

    def test_an_address_out_of_reach(self, make_order: MakeOrder) -> None:
        order = make_order("PACKAGE_PREPARED", address_postcode="00000")
        argument = contracts.DispatchCarrier(order.order_id, order.shipment.shipment_id)

        _check_refused(contracts.SHIPPING_REFUSED, activities.dispatch_carrier, argument)

    def test_packing_an_order_that_is_being_cancelled(self, make_order: MakeOrder) -> None:
        order = make_order("CANCELLING", cancelled_from="PAID")

        _check_refused(contracts.SHIPPING_REFUSED, activities.prepare_package, contracts.PreparePackage(order.order_id))

    @pytest.mark.parametrize("function", ALL, ids=lambda function: function.__name__)
    def test_every_step_refuses_an_order_that_is_gone(self, function: Function) -> None:
        _check_refused("OrderNotFound", function, argument_of(function, "order-NONE"))

    @pytest.mark.parametrize("function", ALL, ids=lambda function: function.__name__)
    @pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED"])
    def test_no_step_does_anything_to_a_final_order(
        self, make_order: MakeOrder, function: Function, status: str
    ) -> None:
        order = make_order(status, cancelled_from="DISPATCHED")
        before = _remember(order)
        # The step that led there is repeated when its answer was lost; it finds everything done.
        is_its_own = (function, status) in {
            (activities.complete_order, "COMPLETED"),
            (activities.process_cancellation, "CANCELLED"),
        }

        if is_its_own:
            run(function, argument_of(function, order.order_id))
        else:
            _check_refused("OrderClosed", function, argument_of(function, order.order_id))

        assert _remember(order) == before

    @pytest.mark.parametrize(
        ("function", "status"),
        [
            (activities.charge_payment, "CREATED"),
            (activities.prepare_package, "PENDING_MANUAL_APPROVAL"),
            (activities.dispatch_carrier, "PAID"),
            (activities.complete_order, "PACKAGE_PREPARED"),
            (activities.validate_order, "CANCELLING"),
        ],
        ids=lambda value: getattr(value, "__name__", value),
    )
    def test_a_step_that_the_order_has_not_come_to_asks_nobody_outside(
        self, make_order: MakeOrder, function: Function, status: str
    ) -> None:
        order = make_order(status)
        before = _remember(order)

        _check_refused("IllegalTransition", function, argument_of(function, order.order_id))

        assert _remember(order) == before

    def test_a_failing_outside_world_is_tried_again(self, make_order: MakeOrder, settings: Settings) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0

        with pytest.raises(OutsideWorldFailed):
            run(activities.charge_payment, charge(order))


def argument_of(function: Function, order_id: str) -> Any:
    """Return what the workflow would call the activity with."""
    argument = steps.STEPS[function.__name__].argument
    known = {
        "deadline": "2030-01-01T00:00:00+00:00",
        "mark": "reminder",
        "payment_id": "pay-1",
        "shipment_id": contracts.shipping_workflow_id(order_id),
        "reason_code": "STAFF",
        "reason": "Customer called",
        "run_id": "another run",
    }
    wanted = [field.name for field in dataclasses.fields(argument)]
    return argument(order_id=order_id, **{name: known[name] for name in wanted if name in known})


def _remember(order: Order) -> Any:
    """Return all that the outside world, and the order's own rows, know of it."""
    order = Order.objects.get(pk=order.pk)
    books = GatewayMovement.objects.filter(merchant_reference=order.order_id).values_list("kind", "amount")
    bookings = CarrierBooking.objects.filter(shipment_id=contracts.shipping_workflow_id(order.order_id))
    shipments = Shipment.objects.filter(order=order).values_list("status", "tracking_number")
    return (
        (order.status, order.reason_code, order.reason, order.decision_id, order.version),
        [*books],
        [*bookings.values_list("tracking_number", "recalled_at")],
        [*shipments],
    )


def _check_refused(error_type: str, function: Function, argument: Any) -> None:
    with pytest.raises(ApplicationError) as caught:
        run(function, argument)
    assert (caught.value.type, caught.value.non_retryable) == (error_type, True)
    assert error_type in (steps.STEPS[function.__name__].retry_policy.non_retryable_error_types or ())


@pytest.mark.django_db(transaction=True)  # an attempt lets go of connections, and a test's transaction with them
class TestAttempts:
    def test_a_run_with_texts_from_before_they_were_cleaned_is_carried_out(self, make_order: MakeOrder) -> None:
        order = make_order()
        decision = Decision("d\ud83d", "olga\0", "\ud83d\x1b[31mwhy")

        attempt(
            activities.process_cancellation,
            contracts.ProcessCancellation(order.order_id, "STAFF", f"{'r' * 9000}\ud83d", decision),
        )

        order.refresh_from_db()
        assert (order.status, order.decided_by, len(order.reason)) == ("CANCELLED", "olga", 2000)
        assert order.decisions.get().reason == "�why"

    def test_a_failed_attempt_is_told_in_the_orders_history(self, make_order: MakeOrder, settings: Settings) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0

        with pytest.raises(OutsideWorldFailed):
            attempt(activities.charge_payment, charge(order))

        assert attempts_told(order) == [
            ("Charge the payment: attempt 1 failed", "The payment gateway answered with an internal error.")
        ]

    def test_a_failed_local_attempt_is_told_apart_from_the_first_that_temporal_counts(
        self, make_order: MakeOrder, settings: Settings
    ) -> None:
        order = make_order("CREATED")
        argument = contracts.ValidateOrder(order.order_id, "2030-01-01T00:00:00+00:00")
        settings.FLAKY_FAIL_RATE = 1.0

        for is_local in (True, False):
            with pytest.raises(OutsideWorldFailed):
                attempt(activities.validate_order, argument, is_local=is_local)

        assert [title for title, _ in attempts_told(order)] == [
            "Validate the order: the immediate attempt failed",
            "Validate the order: attempt 1 failed",
        ]

    def test_an_attempt_that_never_answered_is_told_by_the_next(self, make_order: MakeOrder) -> None:
        order = make_order()

        attempt(activities.charge_payment, charge(order), number=2)

        assert attempts_told(order) == [("Charge the payment: attempt 1 failed", "No answer within 5 s.")]

    def test_what_an_attempt_told_of_itself_stays(self, make_order: MakeOrder, settings: Settings) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0
        with pytest.raises(OutsideWorldFailed):
            attempt(activities.charge_payment, charge(order))
        settings.FLAKY_FAIL_RATE = 0.0

        attempt(activities.charge_payment, charge(order), number=2)

        assert [detail for _, detail in attempts_told(order)] == [
            "The payment gateway answered with an internal error."
        ]

    def test_a_refusal_is_no_failed_attempt(self, make_order: MakeOrder) -> None:
        order = make_order(customer_email="emma+declined@example.com")

        with pytest.raises(ApplicationError):
            attempt(activities.charge_payment, charge(order))

        assert attempts_told(order) == []

    def test_an_outage_of_a_day_does_not_fill_the_history(self, make_order: MakeOrder, settings: Settings) -> None:
        order = make_order("CREATED")
        argument = contracts.ValidateOrder(order.order_id, "2030-01-01T00:00:00+00:00")
        settings.FLAKY_FAIL_RATE = 1.0

        for number in range(1, 131):
            with pytest.raises(OutsideWorldFailed):
                attempt(activities.validate_order, argument, number=number)

        assert len(attempts_told(order)) == 13

    @pytest.mark.parametrize(
        ("number", "level"),
        [
            (1, "WARNING"),
            (9, "WARNING"),
            (10, "ERROR"),
            (11, "WARNING"),
            (60, "WARNING"),
            (100, "ERROR"),
            (1000, "ERROR"),
        ],
    )
    def test_a_step_that_keeps_failing_becomes_an_error(
        self, make_order: MakeOrder, settings: Settings, caplog: pytest.LogCaptureFixture, number: int, level: str
    ) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0
        with pytest.raises(OutsideWorldFailed) as caught:
            attempt(activities.charge_payment, charge(order), number=number)

        (record,) = [record for record in caplog.records if "fail" in record.getMessage() and not is_silence(record)]
        assert record.levelname == level
        told = {name: vars(record)[name] for name in ("order_id", "step", "attempt")}
        assert told == {"order_id": order.order_id, "step": "charge_payment", "attempt": number}
        if level == "ERROR":
            assert record.exc_info is not None
            assert record.exc_info[1] is caught.value

    def test_a_step_that_never_answers_becomes_an_error_too(
        self, make_order: MakeOrder, caplog: pytest.LogCaptureFixture
    ) -> None:
        order = make_order()
        for number in (10, 11, 12, 101):
            attempt(activities.charge_payment, charge(order), number=number)

        told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
        assert told == [
            "the step charge_payment keeps failing, attempt 10: No answer within 5 s.",
            "the step charge_payment keeps failing, attempt 100: No answer within 5 s.",
        ]

    def test_an_attempt_that_told_of_itself_is_no_second_error(
        self, make_order: MakeOrder, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        argument = contracts.ValidateOrder(make_order("CREATED").order_id, "2030-01-01T00:00:00+00:00")
        settings.FLAKY_FAIL_RATE = 1.0
        for number in (10, 11):
            with pytest.raises(OutsideWorldFailed):
                attempt(activities.validate_order, argument, number=number)

        assert [record.levelname for record in caplog.records].count("ERROR") == 1

    def test_what_fails_before_its_attempt_begins_becomes_an_error(self, caplog: pytest.LogCaptureFixture) -> None:
        hears = StrayFailures()
        sdk = logging.getLogger("a stand-in for the SDK's")
        sdk.addFilter(hears)
        for number in (9, 10):
            try:
                raise RuntimeError("Failed decoding arguments")
            except RuntimeError:
                info = {"workflow_id": "order-1", "activity_type": "charge_payment", "attempt": number}
                sdk.warning("Completing activity as failed", exc_info=True, extra={"temporal_activity": info})

        assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]

    def test_a_failure_that_cannot_be_written_down_does_not_hide_the_attempts(
        self, make_order: MakeOrder, settings: Settings
    ) -> None:
        order = make_order()
        settings.FLAKY_FAIL_RATE = 1.0

        with (
            patch.object(attempts, "record_failed_attempt", side_effect=OperationalError("gone")),
            pytest.raises(OutsideWorldFailed),
        ):
            attempt(activities.charge_payment, charge(order))

    @pytest.mark.parametrize(("number", "is_local", "words"), [(2, False, "attempt 2"), (1, True, "immediate attempt")])
    def test_each_line_says_the_order_the_activity_and_the_attempt(
        self, make_order: MakeOrder, caplog: pytest.LogCaptureFixture, number: int, is_local: bool, words: str
    ) -> None:
        order = make_order()
        caplog.handler.addFilter(SubjectFilter())

        with caplog.at_level(logging.INFO):
            attempt(activities.charge_payment, charge(order), number, is_local=is_local)

        subject = f"[{order.order_id} charge_payment {words}] "
        (line,) = [record for record in caplog.records if record.name == "workers.attempts"]
        assert getattr(line, "subject", "") == subject
        assert line.getMessage().startswith("done in 0.")


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """One thread with a database connection of its own, as a worker has many."""
    with ThreadPoolExecutor(1) as executor:
        yield executor
        executor.submit(connections.close_all).result()


@pytest.mark.django_db(transaction=True)
def test_an_attempt_survives_that_its_threads_connection_was_killed(
    make_order: MakeOrder, thread: ThreadPoolExecutor
) -> None:
    order = make_order()
    thread.submit(attempt, activities.charge_payment, charge(order)).result()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        assert cursor.fetchone()[0] >= 1

    package = thread.submit(attempt, activities.prepare_package, contracts.PreparePackage(order.order_id)).result()

    assert package.shipment_id == contracts.shipping_workflow_id(order.order_id)
