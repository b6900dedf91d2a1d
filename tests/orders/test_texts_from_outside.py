"""Texts from outside, over a real Temporal server: whatever a signal or a reason holds, the order comes to its end."""

import asyncio
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client as Browser
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import RequestCancelWorkflowExecutionRequest
from temporalio.client import Client

from orders import contracts
from orders.models import Order
from tests.making import submit
from tests.programs import end_open_runs, logging_workers, run_temporal, terminate
from tests.waiting import ask_run, wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 1_900_000
HALF = "\ud83d"
TURNED = "\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}\N{ARABIC LETTER MARK}\N{RIGHT-TO-LEFT MARK}"
EMPTY = "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{HANGUL FILLER}"
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x9b2J\r\n2026-01-01 00:00:00 INFO workers forged"
DEEP = 700

# What somebody sends with a signal. One that is too large to be sent twice, in each of the shapes that it may have.
SENT: dict[str, Any] = {
    "a long text": "long " * (LONG // 5),
    "a long reason": {"decision_id": "l", "actor": "olga", "reason": "r" * LONG},
    "a long actor": {"actor": "a" * LONG, "reason": "short"},
    "a long id": {"decision_id": "i" * LONG, "actor": "olga"},
    "a long list": [["n" * 1000] * (LONG // 1010)],
    "half a pair": HALF,
    "halves in every field": {"decision_id": f"{HALF}id", "actor": f"olga{HALF}", "reason": f"{HALF}why{HALF}"},
    "halves within": {"reason": {HALF: [HALF, {"x": HALF}]}, HALF: HALF},
    "halves in a list": [HALF, {HALF: HALF}],
    "escapes": ESCAPES,
    "escapes in every field": {"decision_id": ESCAPES, "actor": ESCAPES, "reason": ESCAPES},
    "turned": {
        "decision_id": TURNED,
        "actor": f"olga{TURNED}",
        "reason": f"a{TURNED}b{EMPTY}",
    },
    "NUL": {"decision_id": "\0", "actor": "\0", "reason": "\0"},
    "a number": 1e300,
    "a large number": 10**4000,
    "true": True,
    "bytes": b"\xff\x1b\x00why",
    "deep": json.loads("[" * DEEP + "]" * DEEP),
    "wrong types": {"decision_id": [1], "actor": {"a": 1}, "reason": 7},
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workers") / "log"


@pytest.fixture(scope="module")
def _workers(program_environment: dict[str, str], log: Path) -> Iterator[Any]:
    with logging_workers(program_environment, log, LOG_LEVEL="DEBUG") as process:
        yield process


@pytest.fixture
def waiting(transactional_db: None, temporal_server: str, _workers: Any) -> Iterator[Order]:
    """An order that waits for its approval."""
    assert _workers.poll() is None
    yield wait_for_status(submit(), "PENDING_MANUAL_APPROVAL")
    end_open_runs(temporal_server)


def is_clean(text: str) -> bool:
    """Tell whether the text has no control characters but line breaks, no halves of pairs and nothing that turns."""
    turning = {*TURNED, *EMPTY, *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2060, 0x2070))}
    return not any(sign in turning or (sign != "\n" and unicodedata.category(sign) in {"Cc", "Cs"}) for sign in text)


def check_pages(order: Order, bob: User, browser: Browser) -> None:
    """The order's page, its live part, its query, its rows and the list: all open, all clean."""
    browser.force_login(bob)
    browser.defaults["HTTP_HX_REQUEST"] = "true"
    for address in (order.get_absolute_url(), f"{order.get_absolute_url()}status/", "/orders/?status=all"):
        response = browser.get(address)
        assert response.status_code in {200, 286}
        assert is_clean(response.content.decode().replace("\r", ""))
        assert len(response.content) < 100_000
    answer = ask_run(order)
    texts = [answer.reason]
    if answer.last_decision:
        texts += [answer.last_decision.decision_id, answer.last_decision.actor, answer.last_decision.reason]
    rows = [*order.decisions.all(), *order.events.all()]
    texts += [value for row in [order, *rows] for value in vars(row).values() if isinstance(value, str)]
    assert [text for text in texts if not is_clean(text) or len(text) > 2000] == []


def check_log(log: Path) -> None:
    written = log.read_bytes()
    assert re.findall(rb"[^\n]{0,60}[\x00-\x09\x0b-\x1f\x7f][^\n]{0,60}", written) == []
    assert is_clean(written.decode())
    assert not re.search(r"^2026-01-01 00:00:00 INFO workers forged", written.decode(), re.MULTILINE)
    assert max(map(len, written.splitlines())) < 10_000


def send(address: str, order: Order, name: str, value: Any) -> None:
    async def signal() -> None:
        client = await Client.connect(address)
        await client.get_workflow_handle(order.order_id).signal(name, value)

    asyncio.run(signal())


@pytest.mark.parametrize("value", SENT.values(), ids=SENT.keys())
def test_a_cancellation_counts_whatever_it_says(
    temporal_server: str, waiting: Order, log: Path, bob: User, client: Browser, value: Any
) -> None:
    send(temporal_server, waiting, contracts.CANCEL_SIGNAL, value)

    wait_for_status(waiting, "CANCELLED")
    assert waiting.reason_code == "STAFF"
    assert waiting.decided_by
    check_pages(waiting, bob, client)
    check_log(log)


@pytest.mark.parametrize("name", ["a long reason", "halves in every field", "escapes in every field", "bytes", "deep"])
def test_an_approval_counts_whatever_it_says(
    temporal_server: str, waiting: Order, log: Path, bob: User, client: Browser, name: str
) -> None:
    send(temporal_server, waiting, contracts.APPROVE_SIGNAL, SENT[name])

    wait_for_status(waiting, "COMPLETED")
    check_pages(waiting, bob, client)
    check_log(log)


def test_a_decision_that_is_too_late_may_say_anything_too(
    temporal_server: str, waiting: Order, log: Path, bob: User, client: Browser
) -> None:
    send(temporal_server, waiting, contracts.APPROVE_SIGNAL, SENT["a long reason"])
    send(temporal_server, waiting, contracts.CANCEL_SIGNAL, SENT["a long text"])
    send(temporal_server, waiting, contracts.APPROVE_SIGNAL, SENT["halves within"])

    wait_for_status(waiting, "COMPLETED", "CANCELLED")
    check_pages(waiting, bob, client)
    check_log(log)


@pytest.mark.parametrize(
    "text", [r'"\ud83d"', r'{"reason": "\u001b[31m\u202e", "actor": "\udc00"}', '"' + "x" * LONG + '"']
)
def test_the_command_line_of_temporal_may_send_anything(
    temporal_server: str, waiting: Order, log: Path, tmp_path: Path, bob: User, client: Browser, text: str
) -> None:
    (tmp_path / "input").write_text(text)
    signal = ["workflow", "signal", "--workflow-id", waiting.order_id, "--name", contracts.CANCEL_SIGNAL]
    run_temporal(temporal_server, *signal, "--input-file", str(tmp_path / "input"))

    wait_for_status(waiting, "CANCELLED")
    check_pages(waiting, bob, client)
    check_log(log)


@pytest.mark.parametrize("reason", [ESCAPES, TURNED, "r" * 100_000], ids=["escapes", "turned", "long"])
def test_the_reason_of_a_cancelled_run_may_be_anything(
    temporal_server: str, waiting: Order, log: Path, bob: User, client: Browser, reason: str
) -> None:
    async def cancel() -> None:
        client = await Client.connect(temporal_server)
        run = WorkflowExecution(workflow_id=waiting.order_id)
        request = RequestCancelWorkflowExecutionRequest(
            namespace="default", workflow_execution=run, request_id="r", reason=reason
        )
        await client.workflow_service.request_cancel_workflow_execution(request)

    asyncio.run(cancel())

    wait_for_status(waiting, "CANCELLED")
    assert waiting.decided_by == "Temporal cancel request"
    check_pages(waiting, bob, client)
    check_log(log)


@pytest.mark.parametrize("text", [HALF, ESCAPES, "c" * (LONG // 2)], ids=["half a pair", "escapes", "long"])
def test_a_run_may_be_started_with_any_text(
    temporal_server: str, waiting: Order, log: Path, bob: User, client: Browser, text: str
) -> None:
    terminate(temporal_server, waiting.order_id)

    start(temporal_server, waiting, {"order_id": waiting.order_id, "compensate_for": text, "decision": {"actor": text}})

    wait_for_status(waiting, "CANCELLED")
    check_pages(waiting, bob, client)
    check_log(log)


@pytest.mark.parametrize("field", ["order_id", "payment_id", "deadline", "compensate_code"])
def test_a_run_whose_keys_are_no_keys_fails_at_once(
    temporal_server: str, waiting: Order, log: Path, field: str
) -> None:
    terminate(temporal_server, waiting.order_id)

    handle = start(temporal_server, waiting, {"order_id": waiting.order_id, field: f"{HALF}{ESCAPES}"})

    def has_failed() -> bool:
        described = run_temporal(temporal_server, "workflow", "describe", *handle, "--output", "json").stdout
        return "WORKFLOW_EXECUTION_STATUS_FAILED" in described

    wait_until(has_failed, what="the failure")
    check_log(log)


def start(address: str, order: Order, value: Any) -> list[str]:
    """Start another run of the order, and return the command line's options for it."""

    async def start_run() -> str:
        client = await Client.connect(address)
        handle = await client.start_workflow(
            contracts.ORDER_WORKFLOW, value, id=order.order_id, task_queue=contracts.ORDER_QUEUE
        )
        return handle.first_execution_run_id or ""

    return ["--workflow-id", order.order_id, "--run-id", asyncio.run(start_run())]
