"""Rows and runs that disagree, as after one of the two servers was restored from an older copy: each is repaired."""

import json
import subprocess
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from orders import contracts
from orders.decisions import decide
from orders.engine import reconcile, temporal
from orders.events import EventKind
from orders.models import (
    CarrierBooking,
    Decision,
    GatewayMovement,
    Order,
    OrderEvent,
    OrderLine,
    OutboxMessage,
    Payment,
    PaymentAttempt,
    Refund,
    Shipment,
    Trouble,
)
from orders.payments.gateways.registry import gateway_of_new_payments
from orders.shipping.partners.interface import Parcel
from orders.shipping.partners.registry import carrier_of_new_shipments
from orders.states import Outcome, Status, TroubleCode
from tests.database import past_the_rules
from tests.making import MakeOrder, make_user, submit
from tests.orders.payments.moving import request_of
from tests.programs import find_binary
from tests.waiting import ask_run, wait_for_status, wait_until

gateway = gateway_of_new_payments()


pytestmark = pytest.mark.django_db(transaction=True)

TABLES = (Order, OrderLine, OrderEvent, Decision, OutboxMessage, Payment, PaymentAttempt, Refund, Shipment, Trouble)
LONG_AGO = timedelta(hours=1)


class Copy:
    """A copy of the console's own tables; the gateway's and the carrier's books are others', and go on."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, list[tuple[Any, ...]], list[str]]] = []
        with connection.cursor() as cursor:
            for model in TABLES:
                columns = [str(field.column) for field in model._meta.concrete_fields if not field.generated]
                names = ", ".join(f'"{name}"' for name in columns)
                cursor.execute(f"SELECT {names} FROM {model._meta.db_table} ORDER BY 1")  # noqa: S608
                self.rows.append((model._meta.db_table, cursor.fetchall(), columns))

    def restore(self) -> None:
        """Put the tables back as they were, past every trigger, as a restore does."""
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            tables = ", ".join(table for table, _, _ in self.rows)
            cursor.execute(f"TRUNCATE {tables} CASCADE")
            for table, rows, columns in self.rows:
                names = ", ".join(f'"{name}"' for name in columns)
                marks = ", ".join(["%s"] * len(columns))
                for row in rows:
                    values = [json.dumps(value) if isinstance(value, dict) else value for value in row]
                    cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", values)  # noqa: S608 - as above
            cursor.execute("SET session_replication_role = origin")


def age() -> None:
    """Let an hour pass for every order."""
    Order.objects.update(updated_at=timezone.now() - LONG_AGO)


def reconcile_until(order: Order, status: str) -> Order:
    """Make rounds until the order has this status."""
    walk = reconcile.Walk()

    def has_come() -> bool:
        reconcile.reconcile_orders(walk)
        order.refresh_from_db()
        return order.status == status

    wait_until(has_come, what=f"{order.order_id} to be {status}")
    return order


def movements(order: Order) -> list[str]:
    return list(GatewayMovement.objects.filter(merchant_reference=order.order_id).values_list("kind", flat=True))


def bookings(order: Order) -> list[bool]:
    """Tell for each parcel in the carrier's books whether it was called back."""
    found = CarrierBooking.objects.filter(shipment_id=contracts.shipping_workflow_id(order.order_id))
    return [booking.recalled_at is not None for booking in found]


class TestRowsThatAreOlder:
    """PostgreSQL was restored from a copy that is older than Temporal."""

    def test_an_order_that_was_completed_since_is_completed(self, workers_running: object) -> None:
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        copy = Copy()
        decide.approve_order(order, actor=make_user("bob", "approver"), reason="Known customer")
        wait_for_status(order, Status.COMPLETED)
        copy.restore()
        age()

        reconcile_until(order, Status.COMPLETED)

        assert (order.decided_by, order.decisions.get().outcome) == ("bob", Outcome.ACCEPTED)
        assert (movements(order), bookings(order)) == (["CHARGE"], [False])
        assert order.payment.status == Payment.Status.CHARGED
        assert order.shipment.tracking_number == CarrierBooking.objects.get().tracking_number
        assert not OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING).exists()

    def test_an_order_that_was_cancelled_since_is_cancelled_for_the_same_reason(self, workers_running: object) -> None:
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        copy = Copy()
        decide.cancel_order(order, actor=make_user("dana", "approver"), reason="Customer called")
        wait_for_status(order, Status.CANCELLED)
        copy.restore()
        age()

        reconcile_until(order, Status.CANCELLED)

        assert (order.reason_code, order.reason, movements(order)) == ("STAFF", "Customer called", [])
        assert (order.decided_by, order.decisions.get().outcome) == ("dana", Outcome.ACCEPTED)

    def test_an_order_that_was_refunded_since_keeps_nothing(self, workers_running: object) -> None:
        order = wait_for_status(submit_unreachable(), Status.PENDING_MANUAL_APPROVAL)
        copy = Copy()
        decide.approve_order(order, actor=make_user("bob", "approver"))
        wait_for_status(order, Status.CANCELLED)
        copy.restore()
        age()

        reconcile_until(order, Status.CANCELLED)

        assert order.reason_code == "SHIPPING_FAILED"
        assert order.payment.status == Payment.Status.REFUNDED
        assert movements(order) == ["CHARGE", "REFUND"]

    def test_an_approval_that_is_tried_meanwhile_is_answered(self, workers_running: object) -> None:
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        copy = Copy()
        decide.approve_order(order, actor=make_user("bob", "approver"))
        wait_for_status(order, Status.COMPLETED)
        copy.restore()
        again = decide.approve_order(order, actor=make_user("dana", "approver"))
        age()

        reconcile_until(order, Status.COMPLETED)

        assert decide.find_decision(again).outcome == Outcome.ACCEPTED
        assert movements(order) == ["CHARGE"]

    def test_a_run_whose_row_is_gone_ends_and_is_reported(
        self, workers_running: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        copy = Copy()
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        copy.restore()
        walk = reconcile.Walk()
        wait_until(lambda: is_reported(walk, order), what="the report")
        assert order.order_id in caplog.text
        assert ask_run(order).waiting_for == "approval", "it may be the wrong database"

        temporal.signal_decision(order.order_id, "approve_order", contracts.Decision("1", "bob"))

        wait_until(lambda: ending_of(order) == temporal.Ending.FAILED, what="the end of the run")
        assert movements(order) == []


def submit_unreachable() -> Order:
    order = submit()
    Order.objects.filter(pk=order.pk).update(address_postcode="00000")
    return order


def is_reported(walk: reconcile.Walk, order: Order) -> bool:
    reconcile.reconcile_orders(walk)
    return order.order_id in walk.orphans


def ending_of(order: Order) -> temporal.Ending | None:
    run = temporal.describe_run(order.order_id)
    return run.ending if run else None


class TestRunsThatAreOlder:
    """Temporal was restored from a copy that is older than PostgreSQL, or lost its last moments."""

    def test_nothing_is_done_to_an_order_that_is_final(self, workers_running: object, make_order: MakeOrder) -> None:
        order = make_order("COMPLETED")
        temporal.start_order(contracts.OrderInput(order.order_id, order.payment_id, approval_seconds=0))

        wait_until(lambda: ending_of(order) == temporal.Ending.FAILED, what="the end of the run")

        order.refresh_from_db()
        assert (order.status, bookings(order), movements(order)) == ("COMPLETED", [False], ["CHARGE"])
        assert order.events.filter(kind=EventKind.RUN_REFUSED).count() == 1

    def test_a_cancellation_that_starts_a_run_of_a_final_order_does_nothing(
        self, workers_running: object, temporal_server: str, make_order: MakeOrder
    ) -> None:
        order = make_order("COMPLETED")
        message = json.dumps({"order_id": order.order_id, "payment_id": order.payment_id})
        command = ["workflow", "signal-with-start", "--type", "OrderWorkflow", "--task-queue", "order-tq"]
        names = ["--workflow-id", order.order_id, "--input", message, "--signal-name", "cancel_order"]
        subprocess.run(
            [find_binary("temporal"), *command, *names, "--address", temporal_server], check=True, capture_output=True
        )

        wait_until(lambda: ending_of(order) == temporal.Ending.FAILED, what="the end of the run")

        order.refresh_from_db()
        assert (order.status, bookings(order), movements(order)) == ("COMPLETED", [False], ["CHARGE"])

    def test_a_run_that_waits_for_a_final_order_is_ended(self, temporal_server: str, make_order: MakeOrder) -> None:
        order = make_order("COMPLETED")
        temporal.start_order(contracts.OrderInput(order.order_id, order.payment_id))
        age()

        def is_ended() -> bool:
            reconcile.reconcile_orders()
            # Where another test's workers still run, the run's first step ends it.
            return ending_of(order) in {temporal.Ending.TERMINATED, temporal.Ending.FAILED}

        wait_until(is_ended, what="the end of the run")

    def test_a_run_that_does_not_know_the_approval_is_told_again(
        self, workers_running: object, make_order: MakeOrder
    ) -> None:
        order = make_order("PAID")
        temporal.start_order(contracts.OrderInput(order.order_id, order.payment_id))
        wait_until(lambda: ask_run(order).waiting_for == "approval", what="the wait")
        age()

        reconcile_until(order, Status.COMPLETED)

        assert movements(order) == ["CHARGE"]

    def test_a_run_that_does_not_know_the_cancellation_is_told_again(
        self, workers_running: object, make_order: MakeOrder
    ) -> None:
        order = make_order("CANCELLING", cancelled_from="PAID", reason="Fraud")
        temporal.start_order(contracts.OrderInput(order.order_id, order.payment_id))
        age()

        reconcile_until(order, Status.CANCELLED)

        assert (order.reason, movements(order)) == ("Fraud", ["CHARGE", "REFUND"])

    def test_a_decision_whose_signal_was_lost_is_sent_again_by_itself(self, workers_running: object) -> None:
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
        bob = make_user("bob", "approver")
        message = decide.approve_order(order, actor=bob)
        decision = decide.find_decision(message)
        wait_for_status(order, Status.COMPLETED)
        other = wait_for_status(submit(2), Status.PENDING_MANUAL_APPROVAL)
        # As if the server had taken the signal, and lost it in a power cut.
        with past_the_rules():
            Decision.objects.create(
                decision_id="lost",
                order=other,
                kind="approve",
                actor="bob",
                channel="CONSOLE",
                actor_account_id=bob.pk,
                taken_at=timezone.now() - LONG_AGO,
            )
            Order.objects.filter(pk=other.pk).update(
                decision="approve", decision_id="lost", decided_by="bob", decided_at=timezone.now()
            )
            OutboxMessage.objects.create(
                order=other,
                key="decision:lost",
                name="approve_order",
                status=OutboxMessage.Status.DELIVERED,
                payload={"decision_id": "lost", "actor": "bob", "reason": ""},
                attempts=1,
                delivered_at=timezone.now() - LONG_AGO,
            )

        wait_for_status(other, Status.COMPLETED)

        assert decision.outcome in {Outcome.PENDING, Outcome.ACCEPTED}
        assert other.decisions.get().outcome == Outcome.ACCEPTED


class TestBothAreOlder:
    """Neither the tables nor Temporal know what the gateway and the carrier do."""

    def test_money_that_nobody_approved_waits_for_a_person(
        self, workers_running: object, make_order: MakeOrder
    ) -> None:
        order = make_order("PENDING_MANUAL_APPROVAL")
        charge_behind_our_back(order)
        age()
        assert reconcile.reconcile_orders() == 1
        wait_until(lambda: ask_run(order).waiting_for == "approval", what="the wait")
        assert order.troubles.get().code == TroubleCode.MONEY_TAKEN

        decide.approve_order(order, actor=make_user("bob", "approver"))
        wait_for_status(order, Status.COMPLETED)

        assert movements(order) == ["CHARGE"]
        assert not order.troubles.exists()

    def test_money_that_nobody_approved_is_given_back_with_the_cancellation(
        self, workers_running: object, make_order: MakeOrder
    ) -> None:
        order = make_order("PENDING_MANUAL_APPROVAL")
        charge_behind_our_back(order)
        shipment_id = contracts.shipping_workflow_id(order.order_id)
        carrier_of_new_shipments().book(Parcel(shipment_id, order.order_id, order.customer, order.shipping_address, ()))
        age()
        assert reconcile.reconcile_orders() == 1

        decide.cancel_order(order, actor=make_user("dana", "approver"), reason="Fraud")
        wait_for_status(order, Status.CANCELLED)

        assert (movements(order), bookings(order)) == (["CHARGE", "REFUND"], [True])


def charge_behind_our_back(order: Order) -> None:
    gateway.charge(request_of(order), "")
