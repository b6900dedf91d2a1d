"""orders.outbox: nothing is promised and lost, against a real Temporal server."""

import threading

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from orders import outbox, services, temporal
from orders.models import OutboxMessage
from orders.states import Status
from tests.making import MakeOrder, make_draft, make_user, submit
from tests.waiting import wait_until

Delivery = OutboxMessage.Status


@pytest.mark.django_db(transaction=True)
class TestWithTemporalAway:
    def test_a_submission_is_kept_and_the_next_ones_do_not_wait(self) -> None:
        alice = make_user("alice", "clerk")
        for number in range(3):
            services.submit_order(make_draft(), actor=alice, idempotency_key=f"form-{number}")
        first, second, third = OutboxMessage.objects.all()
        assert {first.status, second.status, third.status} == {Delivery.PENDING}
        assert "cannot be reached" in first.last_error

    def test_the_relay_delivers_when_it_is_back(self, temporal_server: str, settings: Settings) -> None:
        alice = make_user("alice", "clerk")
        settings.TEMPORAL_ADDRESS = "127.0.0.1:1"
        order = services.submit_order(make_draft(), actor=alice, idempotency_key="form-1")
        bob = make_user("bob", "approver")
        services.approve_order(order, actor=bob)
        assert OutboxMessage.objects.filter(status=Delivery.PENDING).count() == 2

        temporal.close()
        settings.TEMPORAL_ADDRESS = temporal_server
        stop = threading.Event()
        relay = threading.Thread(target=outbox.run_relay, args=(stop,), kwargs={"interval_seconds": 0.05})
        relay.start()
        try:
            wait_until(lambda: not OutboxMessage.objects.exclude(status=Delivery.DELIVERED).exists(), what="delivery")
        finally:
            stop.set()
            relay.join(10)
        run = temporal.describe_run(order.order_id)
        assert run is not None
        assert run.is_open


@pytest.mark.django_db(transaction=True)
class TestWithTemporal:
    def test_a_submission_starts_the_workflow_at_once(self, temporal_server: str) -> None:
        order = services.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        assert order.outbox_messages.get().status == Delivery.DELIVERED
        run = temporal.describe_run(order.order_id)
        assert run is not None
        assert run.is_open

    def test_a_rolled_back_submission_starts_nothing(self, temporal_server: str) -> None:
        alice = make_user("alice", "clerk")
        with transaction.atomic():
            order = services.submit_order(make_draft(), actor=alice, idempotency_key="form-1")
            transaction.set_rollback(True)
        assert temporal.describe_run(order.order_id) is None

    def test_a_start_that_is_sent_twice_starts_once(self, temporal_server: str) -> None:
        order = services.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        first = temporal.describe_run(order.order_id)
        OutboxMessage.objects.update(status=Delivery.PENDING)
        assert outbox.deliver_pending() == 1
        assert temporal.describe_run(order.order_id) == first

    def test_a_message_waits_for_the_one_before_it(self, temporal_server: str) -> None:
        order = services.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        OutboxMessage.objects.update(status=Delivery.PENDING)
        with transaction.atomic():
            second = outbox.enqueue(order, key="second", name="approve_order", payload={"decision_id": "1"})
        second.refresh_from_db()
        assert second.status == Delivery.PENDING
        assert outbox.deliver_pending() == 1
        assert outbox.deliver_pending() == 1

    def test_two_senders_send_a_message_once(self, temporal_server: str) -> None:
        order = services.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        OutboxMessage.objects.update(status=Delivery.PENDING)
        with transaction.atomic():
            OutboxMessage.objects.select_for_update().get(order=order)
            other = threading.Thread(target=deliver_and_close)
            other.start()
            other.join(5)
            assert not other.is_alive()
        assert order.outbox_messages.get().attempts == 1

    def test_a_decision_for_a_final_order_is_reported_as_too_late(
        self, temporal_server: str, make_order: MakeOrder
    ) -> None:
        order = make_order(Status.COMPLETED)
        with transaction.atomic():
            message = outbox.enqueue(order, key="late", name="cancel_order", payload={"decision_id": "late"})
        message.refresh_from_db()
        assert message.status == Delivery.UNDELIVERABLE
        assert order.events.get(title="A decision came too late").detail.startswith("cancel_order had no effect")

    def test_a_decision_for_a_lost_run_is_kept(self, temporal_server: str, make_order: MakeOrder) -> None:
        order = make_order()
        bob = make_user("bob", "approver")
        message = services.approve_order(order, actor=bob)
        message.refresh_from_db()
        assert message.status == Delivery.PENDING
        assert "no open run" in message.last_error

    def test_a_message_that_cannot_be_read_waits_and_holds_up_no_other_order(self, temporal_server: str) -> None:
        strange, plain = submit(1), submit(2)
        OutboxMessage.objects.update(status=Delivery.PENDING)
        strange.outbox_messages.update(payload={"field_of_tomorrow": 1})
        assert outbox.deliver_pending() == 1
        assert plain.outbox_messages.get().status == Delivery.DELIVERED
        assert "cannot be read" in strange.outbox_messages.get().last_error


def deliver_and_close() -> None:
    """Deliver in a thread of its own, and leave no connection behind."""
    outbox.deliver_pending()
    connection.close()
