"""orders.engine.live_status: the guard between pages that ask often and workflows that are asked seldom."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from orders.contracts import StatusAnswer
from orders.engine import live_status, temporal
from orders.engine.live_status import get_live_status
from orders.engine.pending import PendingActivity, Progress
from orders.errors import CallFailed, OrderError, RunNotFound, RunPaused, TemporalAway
from tests.waiting import wait_until


class FakeWorkflow:
    """Answers queries, counts them, and can be held back. The guard's own rules need no server."""

    def __init__(self) -> None:
        self.count = 0
        self.go = threading.Event()
        self.go.set()
        self.error: Exception | None = None
        self.waiting_for = "approval"

    def query(self, order_id: str) -> StatusAnswer:
        self.count += 1
        assert self.go.wait(60)
        if self.error is not None:
            raise self.error
        return StatusAnswer(order_id, "PENDING_MANUAL_APPROVAL", waiting_for=self.waiting_for)


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> FakeWorkflow:
    fake = FakeWorkflow()
    monkeypatch.setattr(temporal, "query_status", fake.query)
    return fake


@pytest.fixture
def in_threads() -> Callable[..., list[live_status.LiveStatus]]:
    """Return a function that asks for several orders at once, and lets the workflow go when all have asked."""

    def ask(workflow: FakeWorkflow, order_ids: list[str], queries: int) -> list[live_status.LiveStatus]:
        workflow.go.clear()
        with ThreadPoolExecutor(len(order_ids)) as threads:
            answers = [threads.submit(get_live_status, order_id) for order_id in order_ids]
            wait_until(lambda: workflow.count == queries)
            workflow.go.set()
            return [answer.result(60) for answer in answers]

    return ask


def test_it_asks_once_a_second_for_an_order(workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("orders.engine.live_status.time.monotonic", lambda: now)
    for _ in range(5):
        assert get_live_status("order-1").answer is not None
    assert workflow.count == 1
    now += live_status.CACHE_SECONDS
    get_live_status("order-1")
    assert workflow.count == 2


def test_a_fresh_answer_passes_over_the_cache(workflow: FakeWorkflow) -> None:
    get_live_status("order-1")
    get_live_status("order-1", is_fresh=True)
    assert workflow.count == 2


def test_many_who_ask_at_once_share_one_query(
    workflow: FakeWorkflow, in_threads: Callable[..., list[live_status.LiveStatus]]
) -> None:
    answers = in_threads(workflow, ["order-1"] * 8, 1)
    assert workflow.count == 1
    assert all(answer.answer for answer in answers)


def test_no_more_than_three_orders_are_asked_at_once(
    workflow: FakeWorkflow, in_threads: Callable[..., list[live_status.LiveStatus]]
) -> None:
    answers = in_threads(workflow, [f"order-{number}" for number in range(10)], live_status.MOST_AT_ONCE)
    assert sum(answer.answer is not None for answer in answers) >= live_status.MOST_AT_ONCE
    assert not any(answer.is_away for answer in answers), "that many look is nothing to tell them"


def test_after_a_failure_the_breaker_is_open(workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("orders.engine.live_status.time.monotonic", lambda: now)
    workflow.error = TemporalAway("nobody there")
    for number in range(5):
        live = get_live_status(f"order-{number}")
        assert live.is_away
        assert "unavailable" in str(live.sentence)
    assert workflow.count == 1
    now += live_status.COOL_DOWN_SECONDS
    workflow.error = None
    assert not get_live_status("order-1").is_away


def test_an_order_without_a_run_is_no_failure(workflow: FakeWorkflow) -> None:
    workflow.error = RunNotFound("order-1")
    assert "No workflow is running" in str(get_live_status("order-1").sentence)
    workflow.error = None
    assert get_live_status("order-2").answer is not None


def test_it_tells_of_attempts_while_something_is_tried(workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = (PendingActivity("charge_payment", 3, "The gateway broke.", None),)
    monkeypatch.setattr(temporal, "describe_progress", lambda order_id: Progress(pending))
    assert get_live_status("order-1").activities == ()
    workflow.waiting_for = "payment"
    assert get_live_status("order-2").activities == pending


def test_after_an_approval_nobody_asks_about_attempts(workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def note(order_id: str) -> Progress:
        asked.append(order_id)
        return Progress()

    monkeypatch.setattr(temporal, "describe_progress", note)
    workflow.waiting_for = "payment"
    assert live_status.begin_to_ask("order-1", has_attempts=False).result(5).answer is not None
    assert asked == []
    assert live_status.begin_to_ask("order-1", has_attempts=True).result(5).answer is not None
    assert asked == ["order-1"]


def test_an_answer_is_shown_without_attempts_when_those_cannot_be_read(
    workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(order_id: str) -> Progress:
        raise CallFailed("INTERNAL", "shard 7 is lost")

    monkeypatch.setattr(temporal, "describe_progress", fail)
    workflow.waiting_for = "payment"
    assert get_live_status("order-1").answer is not None


def test_a_paused_run_is_no_failure_and_said_to_be_paused(workflow: FakeWorkflow) -> None:
    since = datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
    workflow.error = RunPaused("order-1", since)
    live = get_live_status("order-1")
    assert (live.is_paused, live.paused_since, live.is_away, live.answer) == (True, since, False, None)
    workflow.error = None
    assert get_live_status("order-2").answer is not None


@pytest.mark.parametrize(
    ("error", "opens_the_breaker"),
    [
        (CallFailed("DEADLINE_EXCEEDED", "slow"), True),
        (CallFailed("RESOURCE_EXHAUSTED", "one query at once"), False),
        (CallFailed("FAILED_PRECONDITION", "its workflow task fails"), False),
        (OrderError("unreadable"), False),
        (ValueError("8 is not a valid WorkflowExecutionStatus"), False),
    ],
)
def test_a_failure_of_one_order_holds_up_others_only_when_it_takes_long(
    workflow: FakeWorkflow, error: Exception, opens_the_breaker: bool
) -> None:
    workflow.error = error
    assert get_live_status("order-1").is_away
    workflow.error = None
    assert get_live_status("order-2").is_away is opens_the_breaker


def test_that_it_was_busy_is_not_remembered(workflow: FakeWorkflow) -> None:
    """The fourth order at once is shown by its row, and asked as soon as there is room again, not a second later."""
    workflow.go.clear()
    with ThreadPoolExecutor(3) as threads:
        held = [threads.submit(get_live_status, f"order-{number}") for number in range(3)]
        wait_until(lambda: workflow.count == 3)
        assert get_live_status("order-late") is live_status.BUSY
        workflow.go.set()
        assert all(flight.result(60).answer is not None for flight in held)

    answer = get_live_status("order-late")

    assert answer.answer is not None
    assert workflow.count == 4


def test_an_order_that_waits_for_a_person_is_asked_seldom(
    workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("orders.engine.live_status.time.monotonic", lambda: now)
    for _ in range(10):
        get_live_status("order-1", waiting_seconds=live_status.WAITING_SECONDS)
        now += 2
    assert workflow.count == 1
    get_live_status("order-1", waiting_seconds=live_status.OPENING_SECONDS)
    assert workflow.count == 2, "a page that is opened asks"
    now += live_status.CACHE_SECONDS
    get_live_status("order-1")
    assert workflow.count == 3, "by its row the order waits no longer"
    workflow.waiting_for = "validation"
    for _ in range(2):
        now += live_status.CACHE_SECONDS
        get_live_status("order-2", waiting_seconds=live_status.WAITING_SECONDS)
    assert workflow.count == 5, "the workflow says that something moves"


def test_where_no_place_is_free_the_last_answer_will_do(
    workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("orders.engine.live_status.time.monotonic", lambda: now)
    known = get_live_status("order-known")
    now += live_status.CACHE_SECONDS
    workflow.go.clear()
    with ThreadPoolExecutor(3) as threads:
        held = [threads.submit(get_live_status, f"order-{number}") for number in range(3)]
        wait_until(lambda: workflow.count == 4)
        for _ in range(2):
            assert get_live_status("order-known") is known, "that there was no place is not remembered"
        now += live_status.LAST_SECONDS
        assert get_live_status("order-known") is live_status.BUSY
        workflow.go.set()
        assert all(flight.result(60).answer is not None for flight in held)


def test_it_remembers_no_more_orders_than_it_may(workflow: FakeWorkflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_status, "MOST_CACHED", 2)
    for number in (1, 2, 3, 3, 1):
        get_live_status(f"order-{number}")
    assert workflow.count == 4, "the oldest answer was forgotten"
