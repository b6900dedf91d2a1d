"""orders.engine.outbox: nothing is promised and lost, against a real Temporal server."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from orders import contracts
from orders.decisions import closing, decide
from orders.engine import outbox, relay, temporal, temporal_client
from orders.errors import TemporalAway
from orders.events import EventKind
from orders.intake import submission
from orders.models import Decision, Order, OutboxMessage
from orders.payments.charge import charge_payment
from orders.states import Outcome, ReasonCode, Status
from tests.database import past_the_rules
from tests.making import MakeOrder, make_draft, make_user, submit
from tests.programs import terminate
from tests.waiting import wait_until

Delivery = OutboxMessage.Status


@pytest.mark.django_db(transaction=True)
class TestWithTemporalAway:
    def test_a_submission_is_kept_and_the_next_ones_do_not_wait(self) -> None:
        alice = make_user("alice", "clerk")
        for number in range(3):
            submission.submit_order(make_draft(), actor=alice, idempotency_key=f"form-{number}")
        first, second, third = OutboxMessage.objects.all()
        assert {first.status, second.status, third.status} == {Delivery.PENDING}
        assert "cannot be reached" in first.last_error

    def test_the_relay_delivers_when_it_is_back(self, temporal_server: str, settings: Settings) -> None:
        alice = make_user("alice", "clerk")
        settings.TEMPORAL_ADDRESS = "127.0.0.1:1"
        order = submission.submit_order(make_draft(), actor=alice, idempotency_key="form-1")
        bob = make_user("bob", "approver")
        decide.approve_order(order, actor=bob)
        assert OutboxMessage.objects.filter(status=Delivery.PENDING).count() == 2

        temporal_client.close()
        settings.TEMPORAL_ADDRESS = temporal_server
        stop = threading.Event()
        thread = threading.Thread(target=relay.run_relay, args=(stop,), kwargs={"interval_seconds": 0.05})
        thread.start()
        try:
            wait_until(lambda: not OutboxMessage.objects.exclude(status=Delivery.DELIVERED).exists(), what="delivery")
        finally:
            stop.set()
            thread.join(60)
        run = temporal.describe_run(order.order_id)
        assert run is not None
        assert run.is_open


@pytest.mark.django_db(transaction=True)
class TestWithTemporal:
    def test_a_submission_starts_the_workflow_at_once(self, temporal_server: str) -> None:
        order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        assert order.outbox_messages.get().status == Delivery.DELIVERED
        run = temporal.describe_run(order.order_id)
        assert run is not None
        assert run.is_open

    def test_a_rolled_back_submission_starts_nothing(self, temporal_server: str) -> None:
        alice = make_user("alice", "clerk")
        with transaction.atomic():
            order = submission.submit_order(make_draft(), actor=alice, idempotency_key="form-1")
            transaction.set_rollback(True)
        assert temporal.describe_run(order.order_id) is None

    def test_a_start_that_is_sent_twice_starts_once(self, temporal_server: str) -> None:
        order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        first = temporal.describe_run(order.order_id)
        OutboxMessage.objects.update(status=Delivery.PENDING, next_attempt_at=Now())
        assert outbox.deliver_pending() == 1
        assert temporal.describe_run(order.order_id) == first

    def test_a_message_that_is_being_sent_is_left_to_who_sends_it(
        self, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_order("CREATED", is_delivered=False)
        sent: list[str] = []

        def relay_of_another_process() -> int:
            try:
                return outbox.deliver_pending()
            finally:
                connection.close()

        def start(order: contracts.OrderInput) -> None:
            sent.append(order.order_id)
            if len(sent) == 1:
                with ThreadPoolExecutor(1) as threads:
                    assert threads.submit(relay_of_another_process).result(60) == 0

        OutboxMessage.objects.update(status=Delivery.PENDING, next_attempt_at=Now())
        monkeypatch.setattr(temporal, "start_order", start)
        assert outbox.deliver_pending() == 1
        assert len(sent) == 1

    def test_the_relay_leaves_a_message_to_the_request_that_wrote_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[str] = []

        def start(order: contracts.OrderInput) -> None:
            sent.append(order.order_id)
            assert outbox.deliver_pending() == 0

        monkeypatch.setattr(outbox, "KEPT_FOR", timedelta(hours=1))
        monkeypatch.setattr(temporal, "start_order", start)
        order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        assert sent == [order.order_id]
        assert order.outbox_messages.get().status == Delivery.DELIVERED

    def test_a_message_whose_request_died_is_sent_by_the_relay_after_a_moment(
        self, temporal_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(outbox, "_deliver_after_commit", lambda message, *, is_kept: None)
        monkeypatch.setattr(outbox, "KEPT_FOR", timedelta(minutes=10))
        order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        assert outbox.deliver_pending() == 0
        work = relay.look_for_work()
        assert not work.is_due
        assert work.kept_for == pytest.approx(600, abs=60)
        OutboxMessage.objects.update(next_attempt_at=Now())
        assert relay.look_for_work() == (True, None)
        assert outbox.deliver_pending() == 1
        assert order.outbox_messages.get().status == Delivery.DELIVERED

    def test_a_message_waits_for_the_one_before_it(self, temporal_server: str) -> None:
        order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        OutboxMessage.objects.update(status=Delivery.PENDING, next_attempt_at=Now())
        with transaction.atomic():
            second = outbox.enqueue(order, key="second", name="approve_order", payload={"decision_id": "1"})
        second.refresh_from_db()
        assert second.status == Delivery.PENDING
        assert outbox.deliver_pending() == 1
        assert outbox.deliver_pending() == 1

    def test_a_decision_is_not_sent_before_a_start_that_is_on_its_way(
        self, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[object] = []
        monkeypatch.setattr(temporal, "signal_decision", lambda *arguments: sent.append(arguments))
        decide.approve_order(make_order(is_delivered=False), actor=make_user("bob", "approver"))
        assert sent == []

    @pytest.mark.parametrize(("failure", "status"), [(None, "DELIVERED"), (TemporalAway("Gone."), "PENDING")])
    def test_who_wrote_a_message_knows_whether_it_was_sent(
        self, make_order: MakeOrder, monkeypatch: pytest.MonkeyPatch, failure: TemporalAway | None, status: str
    ) -> None:
        def signal(*_: object) -> None:
            if failure:
                raise failure

        monkeypatch.setattr(temporal, "signal_decision", signal)
        message = decide.approve_order(make_order(), actor=make_user("bob", "approver"))
        assert message.status == status
        message.refresh_from_db()
        assert message.status == status

    def test_two_senders_send_a_message_once(self, temporal_server: str) -> None:
        order = submission.submit_order(make_draft(), actor=make_user("alice", "clerk"), idempotency_key="form-1")
        OutboxMessage.objects.update(status=Delivery.PENDING, next_attempt_at=Now())
        with transaction.atomic():
            OutboxMessage.objects.select_for_update().get(order=order)
            other = threading.Thread(target=deliver_and_close)
            other.start()
            other.join(60)
            assert not other.is_alive()
        assert order.outbox_messages.get().attempts == 1

    def test_a_message_to_an_order_that_ended_by_it_is_done(self, temporal_server: str, make_order: MakeOrder) -> None:
        order = make_order(Status.COMPLETED, is_delivered=False)
        outbox.deliver_pending()  # the start, which Temporal takes
        terminate(temporal_server, order.order_id)
        outbox.deliver_pending()
        assert order.outbox_messages.get(name="approve_order").status == Delivery.DELIVERED
        assert not order.events.filter(kind=EventKind.DECISION_TOO_LATE).exists()

    def test_a_message_that_came_too_late_is_set_aside(self, temporal_server: str, make_order: MakeOrder) -> None:
        order = make_order(Status.PENDING_MANUAL_APPROVAL)
        message = decide.approve_order(order, actor=make_user("bob", "approver"))
        invalid = contracts.ProcessCancellation(order.order_id, ReasonCode.INVALID, "Sold out.")
        closing.process_cancellation(invalid)
        OutboxMessage.objects.update(next_attempt_at=timezone.now())
        outbox.deliver_pending()
        message.refresh_from_db()
        assert message.status == Delivery.UNDELIVERABLE

    def test_a_decision_for_a_lost_run_is_kept(self, temporal_server: str, make_order: MakeOrder) -> None:
        order = make_order()
        bob = make_user("bob", "approver")
        message = decide.approve_order(order, actor=bob)
        message.refresh_from_db()
        assert message.status == Delivery.PENDING
        assert "no open run" in message.last_error

    def test_a_message_that_cannot_be_read_waits_and_holds_up_no_other_order(self, temporal_server: str) -> None:
        strange, plain = submit(1), submit(2)
        OutboxMessage.objects.update(status=Delivery.PENDING, next_attempt_at=Now())
        strange.outbox_messages.update(payload={"field_of_tomorrow": 1})
        assert outbox.deliver_pending() == 1
        assert plain.outbox_messages.get().status == Delivery.DELIVERED
        assert "cannot be read" in strange.outbox_messages.get().last_error


def deliver_and_close() -> None:
    """Deliver in a thread of its own, and leave no connection behind."""
    outbox.deliver_pending()
    connection.close()


@pytest.mark.django_db
class TestWithoutAnAnswer:
    """A decision is done when the workflow has answered it, not when its signal was sent."""

    @pytest.fixture
    def message(self, make_order: MakeOrder) -> OutboxMessage:
        """An approval that was delivered a while ago, and not answered since."""
        message = decide.approve_order(make_order(), actor=make_user("bob", "approver"))
        long_ago = timezone.now() - timedelta(seconds=30)
        with past_the_rules():
            Decision.objects.update(taken_at=long_ago)
        OutboxMessage.objects.filter(pk=message.pk).update(status=Delivery.DELIVERED, attempts=1, delivered_at=long_ago)
        return message

    def test_it_is_sent_again(self, message: OutboxMessage) -> None:
        assert outbox.send_unanswered_again() == 1
        message.refresh_from_db()
        assert message.status == Delivery.PENDING

    def test_it_is_sent_less_and_less_often(self, message: OutboxMessage) -> None:
        OutboxMessage.objects.filter(pk=message.pk).update(attempts=5)
        assert outbox.send_unanswered_again() == 0
        OutboxMessage.objects.filter(pk=message.pk).update(delivered_at=timezone.now() - timedelta(seconds=90))
        assert outbox.send_unanswered_again() == 1

    def test_one_that_was_answered_is_not(self, message: OutboxMessage) -> None:
        Decision.objects.update(outcome=Outcome.ACCEPTED, answered_at=timezone.now())
        assert outbox.send_unanswered_again() == 0

    def test_one_of_this_moment_is_not(self, message: OutboxMessage) -> None:
        with past_the_rules():
            Decision.objects.update(taken_at=timezone.now())
        assert outbox.send_unanswered_again() == 0

    def test_one_of_a_final_order_is_not(self, message: OutboxMessage) -> None:
        Order.objects.update(status=Status.CANCELLING, reason_code="STAFF")
        Order.objects.update(status=Status.CANCELLED)
        assert outbox.send_unanswered_again() == 0


@pytest.mark.django_db
class TestOutcomes:
    """What became of a decision is written once, by the step that follows it or makes it too late."""

    def test_the_approval_that_is_charged_was_accepted(self, make_order: MakeOrder) -> None:
        order = make_order()
        message = decide.approve_order(order, actor=make_user("bob", "approver"), reason="Known customer")
        decision = order.decisions.get()
        assert (decision.kind, decision.actor, decision.channel) == ("approve", "bob", "CONSOLE")
        assert (decision.reason, decision.outcome, decision.answered_at) == ("Known customer", Outcome.PENDING, None)
        approval = contracts.Decision(**message.payload)
        charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, approval))
        decision.refresh_from_db()
        assert decision.outcome == Outcome.ACCEPTED
        assert decision.answered_at is not None

    def test_an_approval_of_an_invalid_order_came_too_late(self, make_order: MakeOrder) -> None:
        order = make_order()
        decide.approve_order(order, actor=make_user("bob", "approver"))
        closing.process_cancellation(contracts.ProcessCancellation(order.order_id, ReasonCode.INVALID, "Sold out."))
        assert order.decisions.get().outcome == Outcome.TOO_LATE
        event = order.events.get(kind=EventKind.DECISION_TOO_LATE)
        assert event.detail == "The approval by bob had no effect."

    def test_of_an_approval_and_a_cancellation_the_cancellation_counts(self, make_order: MakeOrder) -> None:
        order = make_order()
        decide.approve_order(order, actor=make_user("bob", "approver"))
        decide.cancel_order(order, actor=make_user("dana", "approver"), reason="Fraud")
        by_dana = order.decisions.get(kind="cancel")
        closing.process_cancellation(
            contracts.ProcessCancellation(
                order.order_id, ReasonCode.STAFF, "Fraud", contracts.Decision(by_dana.decision_id, "dana", "Fraud")
            )
        )
        outcomes = dict(order.decisions.values_list("actor", "outcome"))
        assert outcomes == {"bob": Outcome.TOO_LATE, "dana": Outcome.ACCEPTED}

    def test_a_cancellation_at_the_deadline_is_the_persons(self, make_order: MakeOrder) -> None:
        order = make_order()
        decide.cancel_order(order, actor=make_user("dana", "approver"), reason="Fraud")
        timeout = contracts.ProcessCancellation(order.order_id, ReasonCode.APPROVAL_TIMEOUT, "Nobody decided.")
        for _ in range(2):  # the answer to the first may be lost
            answer = closing.process_cancellation(timeout)
            assert answer.cancellation is not None
            assert (answer.cancellation.actor, answer.cancellation.reason) == ("dana", "Fraud")
        order.refresh_from_db()
        assert (order.status, order.reason_code, order.reason) == ("CANCELLED", "STAFF", "Fraud")
        assert order.decisions.get().outcome == Outcome.ACCEPTED

    def test_a_second_approval_over_temporal_is_a_repetition(self, make_order: MakeOrder) -> None:
        order = make_order()
        decide.approve_order(order, actor=make_user("bob", "approver"))
        olgas = contracts.Decision("d-olga", "olga")
        charge_payment(contracts.ChargePayment(order.order_id, order.payment_id, olgas))
        outcomes = dict(order.decisions.values_list("actor", "outcome"))
        assert outcomes == {"bob": Outcome.ACCEPTED, "olga": Outcome.REPEATED}, "a claim is no more than that"
        assert order.decisions.get(actor="olga").channel == "TEMPORAL"

    def test_a_completed_order_leaves_no_decision_unanswered(self, make_order: MakeOrder) -> None:
        order = make_order("COMPLETED")
        assert order.decisions.get().outcome == Outcome.ACCEPTED
