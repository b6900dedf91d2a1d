"""orders.engine.temporal: one client per process that fails fast, survives a fork and never hangs its caller."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import coroutine
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pytest_django import Settings
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse, QueryWorkflowResponse
from temporalio.service import RPCError, RPCStatusCode, _BridgeServiceClient

from orders.contracts import Decision, OrderInput
from orders.engine import runs, temporal, temporal_client
from orders.errors import CallFailed, CallRefused, OrderError, RunNotFound, RunPaused, TemporalAway
from tests.programs import run_temporal
from tests.waiting import wait_until


def rpc(code: RPCStatusCode) -> RPCError:
    """Return the SDK's error for a call that the server answered with `code`."""
    return RPCError("as the server said it", code, b"")


def outcome_of(order_id: str) -> str:
    """Tell how a query ended."""
    try:
        temporal.query_status(order_id)
    except RunNotFound:
        return "not found"
    except TemporalAway:
        return "away"
    return "answered"


def test_a_missing_namespace_is_no_missing_run(temporal_server: str, settings: Settings) -> None:
    settings.TEMPORAL_NAMESPACE = "not-made-yet"
    with pytest.raises(TemporalAway, match="does not have the console's namespace"):
        temporal.start_order(OrderInput("order-1", "pay-1"))
    temporal_client.close()
    assert outcome_of("order-NONE") == "away"


def test_what_the_server_refuses_as_it_is_is_told_apart(temporal_server: str) -> None:
    with pytest.raises(CallRefused, match="Temporal refused the call"):
        temporal.start_order(OrderInput("x" * 2000, "pay-1"))
    temporal.start_order(OrderInput("order-BIG", "pay-1"))
    with pytest.raises(CallRefused, match="Temporal refused the call"):
        temporal.signal_decision("order-BIG", "approve_order", Decision("1", "bob", "x" * 2_200_000))
    with pytest.raises(OrderError):
        temporal.signal_decision("order-BIG", "approve_order", Decision("1", "bob", "x" * 5_000_000))


def test_it_tells_an_unknown_run(temporal_server: str) -> None:
    assert outcome_of("order-NONE") == "not found"
    assert temporal.describe_run("order-NONE") is None


def test_a_refused_connection_fails_within_seconds_and_then_at_once() -> None:
    begin = time.monotonic()
    assert outcome_of("order-NONE") == "away"
    middle = time.monotonic()
    assert outcome_of("order-NONE") == "away"
    assert middle - begin < 8
    assert time.monotonic() - middle < 2


def test_a_server_that_accepts_and_says_nothing_fails_as_well(settings: Settings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.TEMPORAL_ADDRESS = f"127.0.0.1:{silent.getsockname()[1]}"
        begin = time.monotonic()
        assert outcome_of("order-NONE") == "away"
        assert time.monotonic() - begin < 8


def test_many_threads_share_one_client(temporal_server: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        outcomes = set(threads.map(outcome_of, ["order-NONE"] * 64))
    assert outcomes == {"not found"}
    assert [thread.name for thread in threading.enumerate()].count("temporal-client") == 1


def test_a_forked_child_gets_a_client_of_its_own(temporal_server: str) -> None:
    assert outcome_of("order-NONE") == "not found"
    child = os.fork()
    if child == 0:
        answer = outcome_of("order-NONE")
        os._exit(0 if answer == "not found" else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_process_that_used_it_ends_cleanly(temporal_server: str) -> None:
    lines = (
        "import django; django.setup()",
        "from orders.engine import temporal_client, temporal",
        "temporal.check_server()",
    )
    program = "\n".join((*lines, "temporal_client.close()"))
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings", "TEMPORAL_ADDRESS": temporal_server}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_a_call_that_is_under_way_at_the_end_of_the_process_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    @coroutine
    def wait_for_ever() -> Iterator[None]:
        yield

    client = temporal_client._TemporalClient()
    monkeypatch.setattr(client, "client", wait_for_ever)
    try:
        under_way = client._work(AsyncMock(), "order-1")
        under_way.send(None)
        under_way.close()
    finally:
        client.close()
    assert caplog.records == []


@pytest.mark.parametrize("times", [1, 2])
def test_closing_is_harmless(times: int) -> None:
    for _ in range(times):
        temporal_client.close()


class FakeService:
    """Fails every call at the lowest level of the SDK. What the SDK makes of real servers is tested above."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def call(self, *args: object, **kwargs: object) -> object:
        raise self.error


CALLS: dict[str, Callable[[], object]] = {
    "start": lambda: temporal.start_order(OrderInput("order-1", "pay-1")),
    "signal": lambda: temporal.signal_decision("order-1", "approve_order", Decision("1", "bob")),
    "query": lambda: temporal.query_status("order-1"),
    "progress": lambda: temporal.describe_progress("order-1"),
    "run": lambda: temporal.describe_run("order-1"),
    "list": runs.list_open_runs,
    "check": temporal.check_server,
}
FAILURES: list[tuple[BaseException, type[OrderError]]] = [
    (rpc(RPCStatusCode.UNAVAILABLE), TemporalAway),
    (rpc(RPCStatusCode.UNKNOWN), TemporalAway),
    (rpc(RPCStatusCode.CANCELLED), TemporalAway),
    (rpc(RPCStatusCode.UNAUTHENTICATED), TemporalAway),
    (rpc(RPCStatusCode.PERMISSION_DENIED), TemporalAway),
    (rpc(RPCStatusCode.UNIMPLEMENTED), TemporalAway),
    (rpc(RPCStatusCode.DEADLINE_EXCEEDED), CallFailed),
    (rpc(RPCStatusCode.RESOURCE_EXHAUSTED), CallFailed),
    (rpc(RPCStatusCode.INTERNAL), CallFailed),
    (rpc(RPCStatusCode.ABORTED), CallFailed),
    (rpc(RPCStatusCode.DATA_LOSS), CallFailed),
    (rpc(RPCStatusCode.OUT_OF_RANGE), CallFailed),
    (rpc(RPCStatusCode.FAILED_PRECONDITION), CallFailed),
    (rpc(RPCStatusCode.ALREADY_EXISTS), CallRefused),
    (ValueError("8 is not a valid WorkflowExecutionStatus"), OrderError),
    (RuntimeError("Failed client connect"), OrderError),
    (TypeError("cannot be read"), OrderError),
    (TimeoutError(), TemporalAway),
    (asyncio.CancelledError(), TemporalAway),
    (BaseException("a panic of the core"), OrderError),
]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize(("error", "ours"), FAILURES, ids=lambda value: getattr(value, "__name__", repr(value)))
def test_every_failure_of_the_sdk_becomes_one_of_our_own(
    temporal_server: str,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[[], object],
    error: BaseException,
    ours: type[OrderError],
) -> None:
    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", FakeService(error).call)
    with pytest.raises(OrderError) as caught:
        call()
    assert type(caught.value) is ours
    assert str(caught.value).endswith((".", "WorkflowExecutionStatus", "connect", "read", "core"))


@pytest.mark.parametrize("answer", [None, "a text", {"status": 7}, {}, [1]])
def test_an_answer_that_is_no_status_is_one_of_our_own_errors(
    temporal_server: str, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    payloads = Payloads(payloads=[Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(answer).encode())])

    async def respond(*args: object, **kwargs: object) -> QueryWorkflowResponse:
        return QueryWorkflowResponse(query_result=payloads)

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", respond)
    with pytest.raises(OrderError):
        temporal.query_status("order-1")


def test_an_answer_of_another_release_has_clean_texts(temporal_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decision = {"decision_id": "d\ud83d", "kind": "cancel", "actor": "olga\u202e", "outcome": "accepted", "at": ""}
    answer = {
        "order_id": "order-1",
        "status": "PAID",
        "reason": "\x1b[31mred",
        "last_decision": decision | {"reason": "\0"},
    }
    payload = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(answer).encode())

    async def respond(*args: object, **kwargs: object) -> QueryWorkflowResponse:
        return QueryWorkflowResponse(query_result=Payloads(payloads=[payload]))

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", respond)
    read = temporal.query_status("order-1")
    assert read.reason == "red"
    assert read.last_decision is not None
    assert (read.last_decision.decision_id, read.last_decision.actor, read.last_decision.reason) == ("d�", "olga", "")


def test_what_an_attempt_failed_of_has_clean_texts(temporal_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    activity = PendingActivityInfo(last_failure=Failure(message="\x1b[31m\u202e" + "r" * 9000))
    activity.activity_type.name = "charge\x1b_payment"

    async def respond(*args: object, **kwargs: object) -> DescribeWorkflowExecutionResponse:
        return DescribeWorkflowExecutionResponse(pending_activities=[activity])

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", respond)
    told = temporal.describe_progress("order-1").activities[0]
    assert (told.name, len(told.last_failure), told.last_failure[:3]) == ("charge_payment", 2000, "rrr")


def test_after_the_server_was_found_away_it_is_left_alone_for_a_moment(
    temporal_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was there and is lost: whoever asks next must not be held up as long as the first one."""
    assert outcome_of("order-NONE") == "not found"
    calls = []

    async def be_away(*args: object, **kwargs: object) -> object:
        calls.append(args)
        raise rpc(RPCStatusCode.UNAVAILABLE)

    with monkeypatch.context() as outage:
        outage.setattr(_BridgeServiceClient, "_rpc_call", be_away)
        assert [outcome_of("order-NONE") for _ in range(20)] == ["away"] * 20
    assert len(calls) == 2, "the first may have met what only its own shard is in, the second says that all is away"
    assert outcome_of("order-NONE") == "away"

    wait_until(
        lambda: outcome_of("order-NONE") == "not found",
        seconds=temporal_client.COOL_DOWN_SECONDS + 5,
        what="the answer",
    )


@pytest.mark.parametrize("is_restart", [False, True])
def test_a_run_has_the_execution_timeout_of_the_settings(
    temporal_server: str, settings: Settings, is_restart: bool
) -> None:
    settings.ORDER_WORKFLOW_TIMEOUT = 12_345
    order_id = f"order-TIMEOUT-{is_restart}"
    temporal.start_order(OrderInput(order_id, "pay-1"), is_restart=is_restart)
    described = run_temporal(temporal_server, "workflow", "describe", "--workflow-id", order_id, "--output", "json")
    assert json.loads(described.stdout)["executionConfig"]["workflowExecutionTimeout"] == "12345s"
    run_temporal(temporal_server, "workflow", "terminate", "--workflow-id", order_id)


def test_after_an_outage_a_probe_finds_the_server_at_once(settings: Settings, temporal_address: str) -> None:
    assert outcome_of("order-NONE") == "away"
    settings.TEMPORAL_ADDRESS = temporal_address
    assert outcome_of("order-NONE") == "away", "calls fail at once while the breaker is open"
    temporal.check_server()
    assert outcome_of("order-NONE") == "not found"


def test_what_one_order_meets_does_not_make_the_next_call_fail(
    temporal_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome_of("order-NONE") == "not found"
    call, lost = _BridgeServiceClient._rpc_call, rpc(RPCStatusCode.UNAVAILABLE)

    async def fail_one(self: _BridgeServiceClient, *args: Any, **kwargs: Any) -> Any:
        if "order-LOST" in str(kwargs["req"]):
            raise lost
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(_BridgeServiceClient, "_rpc_call", fail_one)
    assert outcome_of("order-LOST") == "away"
    assert outcome_of("order-NONE") == "not found"
    assert [outcome_of("order-LOST"), outcome_of("order-LOST")] == ["away", "away"]
    assert outcome_of("order-NONE") == "away", "twice in a row it is the server"


class TestPaused:
    @pytest.fixture
    def paused(self, pausing_server: str) -> str:
        """A run that was paused at the server that knows pausing."""
        temporal.start_order(OrderInput("order-PAUSED", "pay-1"))
        run_temporal(pausing_server, "workflow", "pause", "--workflow-id", "order-PAUSED")
        return "order-PAUSED"

    def test_a_paused_run_is_said_to_be_paused(self, paused: str, pausing_server: str) -> None:
        with pytest.raises(RunPaused, match="has been paused in Temporal since"):
            temporal.query_status(paused)
        run = temporal.describe_run(paused)
        assert run is not None
        assert (run.is_open, run.is_paused, run.ending) == (True, True, None)
        assert run.paused_since is not None
        run_id = run.run_id
        assert temporal.describe_progress(paused).is_shipping_paused is False

        temporal.start_order(OrderInput(paused, "pay-1"))
        temporal.signal_decision(paused, "approve_order", Decision("1", "bob"))
        wait_until(lambda: runs.list_open_runs().get(paused) == runs.OpenRun(run_id, is_paused=True), what="the list")

        run_temporal(pausing_server, "workflow", "unpause", "--workflow-id", paused)
        run = temporal.describe_run(paused)
        assert run is not None
        assert not run.is_paused
