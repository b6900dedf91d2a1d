"""orders.engine.companions and workers.companions: loops that outlive what goes wrong, and tell when they cannot."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType

import pytest
from django.db import InterfaceError, OperationalError

from orders.engine import companions
from orders.engine.alarms import is_alarming
from orders.engine.companions import CompanionGaveUp, Seldom, look_at_companions, report, run_companion
from orders.errors import TemporalAway
from orders.listing import exports
from orders.notifications import companion as notices
from orders.notifications import making
from orders.notifications import sending as mails
from orders.schedules import companion as schedules
from orders.schedules import sending
from orders.webhooks import companion as webhooks
from orders.webhooks import delivery
from tests.waiting import wait_until
from workers.companions import CompanionEnded, Companions

pytestmark = pytest.mark.django_db

Round = Callable[[], bool | None]


def play(*acts: BaseException | bool | None) -> tuple[Round, threading.Event, list[int]]:
    """Return a round that does one act after the other and then has everything stop, and what it has done."""
    stop, done = threading.Event(), list[int]()

    def make_round() -> bool | None:
        done.append(len(done))
        act = acts[len(done) - 1]
        if len(done) == len(acts):
            stop.set()
        if isinstance(act, BaseException):
            raise act
        return act

    return make_round, stop, done


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have companions not wait, and return for how long they would have."""
    waited: list[float] = []
    monkeypatch.setattr(threading.Event, "wait", lambda self, seconds=None: waited.append(seconds))
    return waited


UNFORESEEN = [ValueError("8 is not a valid WorkflowExecutionStatus"), RuntimeError(), KeyError("x"), MemoryError()]


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
def test_it_outlives_the_unforeseen_and_logs_its_traceback(
    error: Exception, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    make_round, stop, done = play(error, None)
    run_companion("walker", make_round, stop, interval_seconds=1)
    assert len(done) == 2
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert "walker: working again" in caplog.text


def test_it_backs_off_from_the_unforeseen_and_comes_back_to_its_pace(waits: list[float]) -> None:
    make_round, stop, _ = play(*[ValueError(str(n)) for n in range(9)], None, None)
    run_companion("walker", make_round, stop, interval_seconds=1)
    assert waits[0] <= 2
    assert 40 <= waits[8] <= companions.LONGEST_PAUSE_SECONDS
    assert waits[9:] == [1, 1]


@pytest.mark.parametrize("outage", [TemporalAway("away"), OperationalError("gone"), InterfaceError("closed")])
def test_an_outage_is_told_once_and_as_an_error_when_it_lasts(
    outage: Exception, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    make_round, stop, done = play(*[outage] * 12, None)
    run_companion("walker", make_round, stop, interval_seconds=1)
    assert len(done) == 13
    assert set(waits) == {1}
    levels = [record.levelname for record in caplog.records if record.name == companions.__name__]
    assert levels == ["WARNING", "ERROR", "INFO"]


def test_a_round_with_more_to_do_is_followed_at_once(waits: list[float]) -> None:
    make_round, stop, _ = play(True, True, False)
    run_companion("walker", make_round, stop, interval_seconds=5)
    assert waits == [0, 0, 5]


@pytest.mark.parametrize(("every_seconds", "times"), [(0, 3), (3600, 1)])
def test_some_work_is_done_before_the_first_round_and_then_now_and_then(
    waits: list[float], every_seconds: float, times: int
) -> None:
    make_round, stop, done = play(None, None, None)
    seldom: list[int] = []
    work = Seldom(lambda: seldom.append(len(done)), every_seconds)
    run_companion("walker", make_round, stop, interval_seconds=1, seldom=work)
    assert seldom == [0, 1, 2][:times]


def test_work_that_failed_is_done_before_the_next_round(waits: list[float]) -> None:
    make_round, stop, done = play(None, None)
    seldom: list[int] = []

    def fail_once() -> None:
        seldom.append(len(done))
        if len(seldom) == 1:
            raise OperationalError("away")

    run_companion("walker", make_round, stop, interval_seconds=1, seldom=Seldom(fail_once, 3600))
    assert (seldom, done) == ([0, 0], [0, 1])


@pytest.mark.parametrize(
    ("module", "run", "works"),
    [
        (webhooks, webhooks.run_webhooks, [(delivery, "forget_old")]),
        (notices, notices.run_notices, [(making, "make_from_tables"), (making, "forget_old")]),
        (notices, notices.run_mail, [(mails, "note_interrupted"), (mails, "forget_old")]),
        (schedules, schedules.run_exports, [(exports, "forget_old"), (sending, "forget_old")]),
    ],
    ids=["webhooks", "notices", "mailer", "exports"],
)
def test_what_each_does_seldom(
    module: ModuleType,
    run: Callable[[threading.Event], None],
    works: list[tuple[ModuleType, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[ModuleType, str]] = []
    for where, name in works:
        monkeypatch.setattr(where, name, partial(called.append, (where, name)))
    monkeypatch.setattr(module, "run_companion", lambda *_, seldom, **__: seldom.work())
    run(threading.Event())
    assert called == works


def test_it_gives_up_when_nothing_but_the_unforeseen_happens(
    waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(companions, "GIVE_UP_SECONDS", 0)
    make_round, stop, _ = play(*[ValueError(str(n)) for n in range(9)])
    with pytest.raises(CompanionGaveUp):
        run_companion("walker", make_round, stop, interval_seconds=1)


def test_what_a_round_found_out_replaces_what_the_one_before_did() -> None:
    stop, seen = threading.Event(), list[list[object]]()

    def make_round() -> None:
        seen.append([fact for companion in look_at_companions() for fact in companion.facts])
        if len(seen) == 1:
            report("runs_stuck", count=3)
        elif len(seen) == 3:
            stop.set()

    run_companion("walker", make_round, stop, interval_seconds=0)
    assert seen == [[], [{"code": "runs_stuck", "count": 3}], []]
    assert look_at_companions() == []


@pytest.fixture
def together() -> Iterator[Callable[..., Companions]]:
    """Return a function that starts companions, which are stopped after the test."""
    started: list[Companions] = []

    def start(**targets: Callable[[threading.Event], None]) -> Companions:
        started.append(Companions())
        started[-1].start(targets)
        return started[-1]

    yield start
    for each in started:
        each.stop()
        each.join()


def idle(stop: threading.Event) -> None:
    """Be a companion that does nothing."""
    run_companion("idle", lambda: None, stop, interval_seconds=0.01)


class TestWatching:
    @pytest.mark.parametrize("end", [SystemExit(0), KeyboardInterrupt(), BaseException("a panic of the core")])
    def test_a_thread_that_ends_is_noticed_and_logged(
        self, end: BaseException, together: Callable[..., Companions], caplog: pytest.LogCaptureFixture
    ) -> None:
        def die(stop: threading.Event) -> None:
            run_companion("doomed", play(end)[0], stop, interval_seconds=0.01)

        watched = together(idle=idle, doomed=die)
        with pytest.raises(CompanionEnded, match="doomed has ended unexpectedly"):
            asyncio.run(asyncio.wait_for(watched.watch(), 5))
        assert any(record.levelno == logging.CRITICAL and record.exc_info for record in caplog.records)

    def test_one_that_returns_too_early_is_noticed_too(self, together: Callable[..., Companions]) -> None:
        with pytest.raises(CompanionEnded, match="doomed"):
            asyncio.run(asyncio.wait_for(together(doomed=lambda stop: None).watch(), 5))

    def test_one_that_hangs_is_noticed(
        self, together: Callable[..., Companions], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(companions, "LONGEST_SILENCE_SECONDS", 0.2)
        release = threading.Event()

        def hang() -> None:
            release.wait(60)

        watched = together(stuck=lambda stop: run_companion("stuck", hang, stop, interval_seconds=0.01))
        try:
            with pytest.raises(CompanionEnded, match="stuck has shown no sign of life"):
                asyncio.run(asyncio.wait_for(watched.watch(), 5))
        finally:
            release.set()

    def test_a_long_round_that_gives_signs_of_life_does_not_hang(
        self, together: Callable[..., Companions], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(companions, "LONGEST_SILENCE_SECONDS", 0.5)
        stop = threading.Event()

        def walk() -> None:
            while not stop.wait(0.05):
                companions.beat()

        watched = together(walker=lambda stop: run_companion("walker", walk, stop, interval_seconds=0.01))
        try:
            with pytest.raises(TimeoutError):
                asyncio.run(asyncio.wait_for(watched.watch(), 1.5))
        finally:
            stop.set()

    def test_those_that_were_told_to_stop_have_not_ended_by_themselves(
        self, together: Callable[..., Companions]
    ) -> None:
        watched = together(idle=idle)
        wait_until(lambda: bool(look_at_companions()), what="the start")
        watched.stop()
        watched.join()
        assert look_at_companions() == []
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(watched.watch(), 0.1))


@pytest.mark.parametrize(
    ("attempt", "is_loud"), [(1, False), (9, False), (10, True), (11, False), (20, False), (100, True), (1000, True)]
)
def test_attempts_ten_a_hundred_and_so_on_are_told_loudly(attempt: int, is_loud: bool) -> None:
    assert is_alarming(attempt) is is_loud
