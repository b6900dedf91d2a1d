"""orders.engine.outbox's relay: one bad message holds up no other, and an outage costs no more than its own time."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from temporalio.service import RPCError, RPCStatusCode, _BridgeServiceClient

from orders.decisions import decide
from orders.engine import companions, outbox, relay, sending, temporal_client
from orders.errors import TemporalAway
from orders.models import Batch, Decision, GatewayEvent, Order, OrderImport, OutboxMessage
from tests.asking import HTMX, text_of
from tests.database import past_the_rules
from tests.making import make_user, submit
from tests.programs import free_port, started_temporal, temporal_process
from tests.proxies import line_to
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Delivery = OutboxMessage.Status


class Line:
    """The line to the real server, on which calls about some orders fail as a test says."""

    def __init__(self) -> None:
        self.failures: dict[str, RPCStatusCode] = {}
        self.hangs: set[str] = set()
        self.calls: list[str] = []

    def fail(self, code: RPCStatusCode, *orders: Order) -> None:
        self.failures |= dict.fromkeys([order.order_id for order in orders], code)

    def meet(self, request: Any) -> None:
        """Raise what was said for the order that the request is about."""
        text = str(request)
        for order_id, code in self.failures.items():
            if order_id in text:
                self.calls.append(order_id)
                raise RPCError("as the server said it", code, b"")


@pytest.fixture
def line(temporal_server: str, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Return the line to the tests' own server."""
    made, call = Line(), _BridgeServiceClient._rpc_call

    async def pass_on(self: _BridgeServiceClient, rpc: str, req: Any, *args: Any, **kwargs: Any) -> Any:
        made.meet(req)
        return await call(self, rpc, req, *args, **kwargs)

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", pass_on)
    return made


def submit_unsent(count: int) -> list[Order]:
    """Submit orders whose start nobody has tried to send yet."""
    orders = [submit(number) for number in range(count)]
    OutboxMessage.objects.update(
        status=Delivery.PENDING, attempts=0, last_error="", delivered_at=None, next_attempt_at=timezone.now()
    )
    return orders


def message_of(order: Order) -> OutboxMessage:
    message: OutboxMessage = order.outbox_messages.get()
    return message


def make_due() -> None:
    OutboxMessage.objects.update(next_attempt_at=timezone.now())


OF_ONE_MESSAGE = [
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.INTERNAL,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.PERMISSION_DENIED,
    RPCStatusCode.INVALID_ARGUMENT,
]


@pytest.mark.parametrize("code", OF_ONE_MESSAGE, ids=lambda code: code.name)
def test_one_bad_message_holds_up_no_other(line: Line, code: RPCStatusCode) -> None:
    orders = submit_unsent(7)
    line.fail(code, orders[0], orders[3])
    assert outbox.deliver_pending() == 5
    assert {message_of(order).status for order in orders[1:3] + orders[4:]} == {Delivery.DELIVERED}
    assert message_of(orders[0]).status != Delivery.DELIVERED


def test_many_bad_messages_hold_up_none(line: Line) -> None:
    orders = submit_unsent(9)
    line.fail(RPCStatusCode.INTERNAL, *orders[:8])
    assert outbox.deliver_pending() == 1
    assert message_of(orders[8]).status == Delivery.DELIVERED


@pytest.mark.parametrize("code", [RPCStatusCode.RESOURCE_EXHAUSTED, RPCStatusCode.UNAVAILABLE])
def test_a_bad_message_waits_a_little_longer_each_time(line: Line, code: RPCStatusCode) -> None:
    (order,) = submit_unsent(1)
    line.fail(code, order)
    pauses = []
    for attempt in range(1, 7):
        make_due()
        outbox.deliver_pending()
        message = message_of(order)
        assert message.attempts == attempt
        pauses.append((message.next_attempt_at - timezone.now()).total_seconds())
    assert pauses[0] < 2.1
    assert pauses[0] < pauses[2] < pauses[4] <= sending.LONGEST_BACKOFF_OF_FAILED_CALLS_SECONDS
    assert outbox.deliver_pending() == 0
    assert len(line.calls) == 6, "it is not tried before its time"


def test_several_messages_are_sent_at_the_same_time(temporal_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    submit_unsent(4)
    all_there, call = asyncio.Barrier(4), _BridgeServiceClient._rpc_call

    async def wait_for_the_others(self: _BridgeServiceClient, rpc: str, *args: Any, **kwargs: Any) -> Any:
        if rpc == "start_workflow_execution":
            async with asyncio.timeout(1):
                await all_there.wait()
        return await call(self, rpc, *args, **kwargs)

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", wait_for_the_others)
    assert outbox.deliver_pending() == 4


def test_what_failed_together_parts(line: Line) -> None:
    orders = submit_unsent(6)
    line.fail(RPCStatusCode.RESOURCE_EXHAUSTED, *orders)
    for _ in range(3):
        make_due()
        outbox.deliver_pending()
    waits = [message_of(order).next_attempt_at.timestamp() for order in orders]
    assert max(waits) - min(waits) > 0.2


def test_new_messages_go_before_those_that_failed(line: Line) -> None:
    orders = submit_unsent(4)
    OutboxMessage.objects.filter(order__in=orders[:3]).update(attempts=5, last_error="internal")
    line.fail(RPCStatusCode.INTERNAL, *orders)
    outbox.deliver_pending()
    assert line.calls[0] == orders[3].order_id


def test_messages_that_take_long_to_fail_do_not_keep_the_relay(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ROUND_SECONDS", 0)
    orders = submit_unsent(sending.IN_FLIGHT + 2)
    line.fail(RPCStatusCode.DEADLINE_EXCEEDED, *orders)
    outbox.deliver_pending()
    assert sorted(line.calls) == sorted(order.order_id for order in orders[: sending.IN_FLIGHT])


def test_a_message_that_goes_on_failing_is_told_as_an_error(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    (order,) = submit_unsent(1)
    line.fail(RPCStatusCode.INTERNAL, order)
    for attempts, level in ((8, logging.WARNING), (9, logging.ERROR), (10, logging.WARNING), (99, logging.ERROR)):
        OutboxMessage.objects.update(attempts=attempts, next_attempt_at=timezone.now())
        caplog.clear()
        outbox.deliver_pending()
        (record,) = [record for record in caplog.records if record.name == sending.__name__]
        assert record.levelno == level
        assert bool(record.exc_info) is (level == logging.ERROR)
        assert (record.__dict__["order_id"], record.__dict__["attempt"]) == (order.order_id, attempts + 1)


class TestRefused:
    def test_what_temporal_refuses_is_set_aside_and_reported(
        self, line: Line, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        order, other = submit_unsent(2)
        line.fail(RPCStatusCode.INVALID_ARGUMENT, order)
        with relaying(interval_seconds=0.05):
            wait_until(lambda: message_of(other).status == Delivery.DELIVERED)
            wait_until(lambda: bool(facts_of_relay()), what="the report")
            facts = facts_of_relay()
        message = message_of(order)
        assert (message.status, message.attempts) == (Delivery.REFUSED, 1)
        assert {"code": "messages_refused", "count": 1, "order_ids": [order.order_id]} in facts
        assert any(record.levelno == logging.ERROR and record.exc_info for record in caplog.records)

        client.force_login(make_user("bob", "approver"))
        page = text_of(client.get(order.get_absolute_url()))
        assert "The submission is saved but cannot be sent to the workflow: Temporal refused the call" in page

    def test_a_decision_that_is_too_large_is_not_called_done(self, temporal_server: str, client: Client) -> None:
        order = submit()
        bob = make_user("bob", "approver")
        client.force_login(bob)
        message = decide.approve_order(order, actor=bob)
        for size in (2_200_000, 5_000_000):
            payload = message.payload | {"reason": "x" * size}
            again = {"status": Delivery.PENDING, "next_attempt_at": timezone.now()}
            OutboxMessage.objects.filter(pk=message.pk).update(payload=payload, **again)
            outbox.deliver_pending()
            message.refresh_from_db()
            assert message.status == Delivery.REFUSED
        assert "cannot be sent to the workflow" in decide.describe_delivery(message)
        page = text_of(client.get(f"/orders/{order.order_id}/status/", headers=HTMX))
        assert "The approval by bob is saved but cannot be sent to the workflow: The message has 5,000" in page


class TestOutage:
    def test_while_the_server_is_away_nothing_backs_off(self) -> None:
        submit(1)
        submit(2)
        for _ in range(3):
            with pytest.raises(TemporalAway):
                outbox.deliver_pending()
        for message in OutboxMessage.objects.all():
            assert message.next_attempt_at <= timezone.now()
            assert message.attempts == 0
            assert "cannot be reached" in message.last_error

    @pytest.mark.parametrize(
        "code", [RPCStatusCode.UNKNOWN, RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED]
    )
    def test_what_waited_is_tried_at_once_when_it_is_back(
        self, temporal_server: str, monkeypatch: pytest.MonkeyPatch, code: RPCStatusCode
    ) -> None:
        orders = submit_unsent(5)
        OutboxMessage.objects.filter(order=orders[0]).update(
            attempts=9, next_attempt_at=timezone.now() + timedelta(seconds=60)
        )
        is_away, call = True, _BridgeServiceClient._rpc_call

        async def be_away(self: _BridgeServiceClient, *args: Any, **kwargs: Any) -> Any:
            if is_away:
                raise RPCError("transport error", code, b"")
            return await call(self, *args, **kwargs)

        monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", be_away)
        with relaying(interval_seconds=0.2):
            wait_until(lambda: any(found.failures for found in companions.look_at_companions()), what="the outage")
            is_away = False
            healed_at = time.monotonic()
            wait_until(lambda: not OutboxMessage.objects.exclude(status=Delivery.DELIVERED).exists(), what="delivery")
        assert time.monotonic() - healed_at < 20

    def test_after_a_real_outage_all_is_delivered_within_moments(self, settings: Settings, tmp_path: Path) -> None:
        port, options = free_port(), ("--db-filename", str(tmp_path / "temporal.db"))
        settings.TEMPORAL_ADDRESS = f"127.0.0.1:{port}"
        with relaying(interval_seconds=1.0):
            with started_temporal(port, *options):
                before = submit(0)
                wait_until(lambda: message_of(before).status == Delivery.DELIVERED)
            for number in range(1, 31):
                submit(number)
            with started_temporal(port, *options):
                began_at = time.monotonic()
                wait_until(lambda: not OutboxMessage.objects.exclude(status=Delivery.DELIVERED).exists())
                assert time.monotonic() - began_at < 20
                temporal_client.close()

    @pytest.mark.parametrize("kind", ["cut", "silent", "forgotten"])
    def test_a_line_that_was_broken_and_is_whole_again_delivers_all_within_moments(
        self, temporal_server: str, settings: Settings, kind: str
    ) -> None:
        with line_to(temporal_server) as broken:
            settings.TEMPORAL_ADDRESS = broken.address
            with relaying(interval_seconds=0.5):
                before = submit(0)
                assert message_of(before).status == Delivery.DELIVERED
                {"cut": broken.cut, "silent": broken.fall_silent, "forgotten": broken.forget}[kind]()
                for number in range(1, 11):
                    submit(number)
                wait_until(lambda: any(found.failures for found in companions.look_at_companions()), what="the outage")
                broken.heal()
                healed_at = time.monotonic()
                wait_until(lambda: not OutboxMessage.objects.exclude(status=Delivery.DELIVERED).exists())
                assert time.monotonic() - healed_at < 20
            temporal_client.close()

    def test_a_server_that_hangs_is_away_and_when_it_goes_on_all_is_delivered(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        port = free_port()
        settings.TEMPORAL_ADDRESS = f"127.0.0.1:{port}"
        with temporal_process(port) as server, relaying(interval_seconds=0.5):
            before = submit(0)
            assert message_of(before).status == Delivery.DELIVERED
            server.send_signal(signal.SIGSTOP)
            for number in range(1, 6):
                submit(number)
            wait_until(lambda: any(found.failures for found in companions.look_at_companions()), what="the outage")
            server.send_signal(signal.SIGCONT)
            healed_at = time.monotonic()
            wait_until(lambda: not OutboxMessage.objects.exclude(status=Delivery.DELIVERED).exists())
            assert time.monotonic() - healed_at < 20


def test_the_relay_does_not_sleep_past_the_time_at_which_a_message_of_a_dead_request_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stop(threading.Event):
        """Stops what waits for it, and notes how long it would have waited."""

        waited = 0.0

        def wait(self, timeout: float | None = None) -> bool:
            self.waited = self.waited or timeout or 0.0
            self.set()
            return True

    monkeypatch.setattr(outbox, "_deliver_after_commit", lambda message, *, is_kept: None)
    monkeypatch.setattr(outbox, "KEPT_FOR", timedelta(minutes=10))
    submit()
    stop = Stop()
    relay.run_relay(stop, interval_seconds=3600)
    assert 0 < stop.waited <= 600


def test_the_relay_sends_a_decision_again_that_temporal_lost(temporal_server: str) -> None:
    """Without workers and reconciler, so that nobody else does it."""
    order = submit()
    message = decide.approve_order(order, actor=make_user("bob", "approver"))
    long_ago = timezone.now() - timedelta(seconds=30)
    with past_the_rules():
        Decision.objects.update(taken_at=long_ago)
    OutboxMessage.objects.filter(pk=message.pk).update(status=Delivery.DELIVERED, attempts=1, delivered_at=long_ago)

    again = OutboxMessage.objects.filter(pk=message.pk, status=Delivery.DELIVERED, delivered_at__gt=long_ago)
    with relaying(interval_seconds=0.1):
        wait_until(again.exists, what="another delivery")


def test_the_relay_finds_what_is_due() -> None:
    user = make_user("bob", "approver")
    order = submit()
    OutboxMessage.objects.update(status=Delivery.DELIVERED)
    assert relay.look_for_work() == (False, None)

    def is_due_with(row: Model) -> bool:
        with transaction.atomic():
            row.save()
            is_due = relay.look_for_work().is_due
            transaction.set_rollback(True)
        return is_due

    owner = {"actor": user.username, "actor_account_id": user.pk, "wake_due_at": Now()}
    assert is_due_with(OutboxMessage(order=order, key="1", name="start", payload={}))
    assert is_due_with(Batch(batch_id="b-1", kind="approve", channel="web", total=1, **owner))
    assert is_due_with(OrderImport(import_id="i-1", layout={}, sample=[], **owner))
    assert is_due_with(GatewayEvent(gateway="stripe", event_id="e-1", kind="x", payload={}))
    assert relay.look_for_work() == (False, None)


def facts_of_relay() -> list[Any]:
    return [fact for found in companions.look_at_companions() for fact in found.facts]


@contextmanager
def relaying(*, interval_seconds: float) -> Iterator[None]:
    """Have a relay at work in a thread."""
    stop = threading.Event()

    def relay_and_close() -> None:
        relay.run_relay(stop, interval_seconds=interval_seconds)
        connection.close()

    thread = threading.Thread(target=relay_and_close)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
