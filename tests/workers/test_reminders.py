"""What the order's workflow does on the way to the deadline: one timer at a time, nothing for who decides in time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from orders import contracts
from orders.contracts import Decision, WaitMark
from tests.programs import find_binary
from tests.waiting import wait_until
from tests.workflow_harness import ScriptedOrder, WorkflowHarness, start_harness
from workers import steps
from workers.decisions import Decisions
from workers.workflows import waiting
from workers.workflows.waiting import Wait

BOB = Decision("d-bob", "bob", "Looks good")
DAY = 24 * 3600
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def harness() -> Iterator[WorkflowHarness]:
    with start_harness(find_binary("temporal-test-server")) as opened:
        yield opened


@pytest.fixture
def order(harness: WorkflowHarness) -> ScriptedOrder:
    return ScriptedOrder(harness)


def marks(order: ScriptedOrder) -> list[str]:
    return [argument.mark for name, argument in order.calls if name == "remind_approvers"]


def timers(harness: WorkflowHarness, order: ScriptedOrder) -> list[timedelta]:
    """Return how long each timer of the run was to take."""
    history = harness.run(order.handle.fetch_history())
    kind = "timer_started_event_attributes"
    spans = [event.timer_started_event_attributes for event in history.events if event.HasField(kind)]  # type: ignore[arg-type]
    return [span.start_to_fire_timeout.ToTimedelta() for span in spans]


def hours(harness: WorkflowHarness, order: ScriptedOrder) -> list[float]:
    return [round(span / timedelta(hours=1), 1) for span in timers(harness, order)]


def test_people_are_reminded_at_half_of_the_wait_and_the_order_is_escalated_after_four_fifths(
    order: ScriptedOrder, harness: WorkflowHarness
) -> None:
    order.start(approval_seconds=DAY)

    end = order.result()

    assert end.reason_code == "APPROVAL_TIMEOUT"
    assert marks(order) == ["reminder", "escalation"]
    assert hours(harness, order) == [12, 7.2, 4.8]
    assert order.argument("remind_approvers").deadline == end.deadline


def test_a_decision_in_the_first_half_costs_one_timer_and_nothing_else(
    order: ScriptedOrder, harness: WorkflowHarness
) -> None:
    order.start(approval_seconds=DAY)
    order.wait_for("approval")
    order.approve(BOB)

    assert order.result().status == "COMPLETED"
    assert (marks(order), len(timers(harness, order))) == ([], 1)


def test_a_decision_after_the_reminder_ends_the_wait(order: ScriptedOrder) -> None:
    order.hold("remind_approvers")
    order.start(approval_seconds=DAY)
    with ThreadPoolExecutor(1) as threads:
        end = threads.submit(order.result)
        order.wait_for_call("remind_approvers")
        order.approve(BOB)
        order.release("remind_approvers")

    assert end.result().status == "COMPLETED"
    assert marks(order) == ["reminder"]


def test_in_a_short_wait_nobody_is_reminded(order: ScriptedOrder, harness: WorkflowHarness) -> None:
    order.start(approval_seconds=int(steps.SHORTEST_REMINDED.total_seconds()) - 1)

    assert order.result().reason_code == "APPROVAL_TIMEOUT"
    assert (marks(order), len(timers(harness, order))) == ([], 1)


def test_where_the_deadline_was_extended_unheard_the_mark_is_put_off(
    order: ScriptedOrder, harness: WorkflowHarness
) -> None:
    order.start(approval_seconds=DAY)
    order.wait_for("approval")
    later = (order.started_at() + timedelta(days=2)).isoformat()

    def judge(due: contracts.RemindApprovers) -> contracts.ApproversReminded:
        return contracts.ApproversReminded(later if due.deadline < later else "")

    order.answer_by("remind_approvers", judge)

    assert order.result().deadline == later
    assert marks(order) == ["reminder", "reminder", "escalation"]
    assert hours(harness, order) == [12, 12, 14.4, 9.6]


def test_an_extension_moves_what_is_still_due(order: ScriptedOrder, harness: WorkflowHarness) -> None:
    order.start(approval_seconds=DAY)
    order.wait_for("approval")
    later = (order.started_at() + timedelta(days=10)).isoformat()
    order.answer("confirm_deadline", contracts.DeadlineConfirmed(later))
    order.extend()
    wait_until(lambda: order.status().deadline == later, what="the later deadline")

    order.result()

    assert marks(order) == ["reminder", "escalation"]
    assert hours(harness, order) == [12, 120, 72, 48]


class TestWhatIsDueNext:
    """Without a server, at times that a test names."""

    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
        clock = SimpleNamespace(now=lambda: NOON)
        monkeypatch.setattr(waiting, "workflow", clock)
        monkeypatch.setattr(waiting, "has_patch", lambda _: True)
        return clock

    def due(self, *, began: float, ends: float, told: int = 0) -> WaitMark | None:
        """Return what is due in a wait that began and ends so many hours after noon."""
        wait = Wait("order-1", Decisions())
        wait._began, wait.deadline, wait._told = (*(NOON + timedelta(hours=each) for each in (began, ends)), told)
        found = wait._find_due()
        return found.mark if found is not None else None

    @pytest.mark.parametrize(
        ("began", "ends", "told", "mark"),
        [
            (0, 10, 0, WaitMark.REMINDER),
            (0, 10, 1, WaitMark.ESCALATION),
            (0, 10, 2, None),
            (-6, 4, 0, WaitMark.REMINDER),
            (-9, 1, 0, WaitMark.ESCALATION),  # both are due, as after an outage
            (-9, 1, 2, None),
            (-10, 0, 0, None),
            (-11, -1, 0, None),
            (0, 0.25, 0, WaitMark.REMINDER),
            (0, 0.24, 0, None),
        ],
    )
    def test_it_follows_from_the_wait(
        self, clock: SimpleNamespace, began: float, ends: float, told: int, mark: WaitMark | None
    ) -> None:
        assert self.due(began=began, ends=ends, told=told) == mark

    @pytest.mark.usefixtures("clock")
    def test_a_run_of_an_earlier_release_goes_on_as_it_began(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "has_patch", lambda _: False)
        assert self.due(began=0, ends=10) is None
