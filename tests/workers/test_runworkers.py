"""`manage.py runworkers` as a process: it starts, waits for Temporal, drains, and comes in several."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from django.db import connection, transaction

from orders.contracts import OrderInput
from orders.engine import temporal
from orders.lifecycle.lookup import lock_order
from orders.models import Order
from tests.making import MakeOrder
from tests.programs import ROOT, end_open_runs, free_port, started_temporal
from tests.waiting import wait_until
from workers import processes
from workers.processes import Supervisor

SERVING = "serving order-tq and shipping-tq"
Run = Callable[..., subprocess.CompletedProcess[str]]


class Engine:
    """A running `runworkers` and what it logged."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        """All that was logged so far."""
        return self._log.read_text()

    def wait_for(self, text: str, *, times: int = 1) -> None:
        """Wait until the log says `text`."""
        try:
            wait_until(lambda: self.log.count(text) >= times, what=f"{text!r} in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{self.log}") from None

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.send(number)
        return self.process.wait(60)

    def children(self) -> list[int]:
        """Return the process ids of the children that were started."""
        return [int(pid) for pid in re.findall(r"process (\d+) started", self.log)]


class StartEngine(Protocol):
    """The `start_engine` fixture."""

    def __call__(self, *arguments: str, **environment: str) -> Engine: ...


@pytest.fixture
def start_engine(program_environment: dict[str, str], tmp_path: Path) -> Iterator[StartEngine]:
    """Return a function that starts `runworkers`; what is left of it is killed after the test."""
    started: list[Engine] = []

    def start(*arguments: str, **environment: str) -> Engine:
        log = tmp_path / f"{len(started)}.log"
        with log.open("wb") as output:
            command = [sys.executable, "manage.py", "runworkers", *arguments]
            process = subprocess.Popen(
                command, cwd=ROOT, env=program_environment | environment, stdout=output, stderr=output
            )
        started.append(Engine(process, log))
        return started[-1]

    yield start
    for engine in started:
        if engine.process.poll() is None:
            engine.process.kill()
            engine.process.wait()


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process, and it is no zombie that waits for its parent."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


class TestOneProcess:
    def test_it_serves_both_queues_until_sigterm(self, start_engine: StartEngine) -> None:
        engine = start_engine()
        engine.wait_for(SERVING)

        assert engine.stop() == 0

    def test_ctrl_c_is_a_clean_stop_too(self, start_engine: StartEngine) -> None:
        engine = start_engine("--queue", "shipping-tq")
        engine.wait_for("serving shipping-tq of Temporal")

        assert engine.stop(signal.SIGINT) == 0
        assert "Traceback" not in engine.log

    def test_it_waits_for_temporal(self, start_engine: StartEngine) -> None:
        port = free_port()
        engine = start_engine(TEMPORAL_ADDRESS=f"127.0.0.1:{port}")
        engine.wait_for(f"waiting for Temporal at 127.0.0.1:{port}")

        with started_temporal(port):
            engine.wait_for(SERVING)
            assert engine.stop() == 0

    def test_it_can_be_stopped_while_it_waits(self, start_engine: StartEngine) -> None:
        engine = start_engine(TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}")
        engine.wait_for("waiting for Temporal at")

        assert engine.stop() == 0

    def test_it_waits_for_its_namespace(self, start_engine: StartEngine) -> None:
        engine = start_engine(TEMPORAL_NAMESPACE="not-made-yet")
        engine.wait_for("Namespace not-made-yet is not found")

        assert engine.stop() == 0


DOOMED = """
from django.core.management import execute_from_command_line
import django; django.setup()
from workers import worker
def die(stop):
    raise SystemExit(0)
worker.COMPANIONS["relay"] = die
execute_from_command_line(["manage.py", "runworkers"])
"""


def test_a_companion_that_ends_takes_the_process_with_it(program_environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", DOOMED]
    done = subprocess.run(command, cwd=ROOT, env=program_environment, capture_output=True, text=True, timeout=120)

    assert done.returncode == 1
    assert "The companion relay has ended unexpectedly." in done.stderr
    assert "draining" in done.stderr
    assert "the companion relay ends" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--queue", "parcel-tq"], "invalid choice: 'parcel-tq' (choose from 'order-tq', 'shipping-tq')"),
        (["--processes", "0"], "'0' is not a number from 1 to 64"),
        (["--processes", "many"], "'many' is not a number from 1 to 64"),
    ],
)
def test_wrong_arguments_are_a_clear_error(run_command: Run, arguments: list[str], complaint: str) -> None:
    done = run_command("runworkers", *arguments)

    assert done.returncode == 2
    assert complaint in done.stderr


@pytest.fixture
def order(transactional_db: None, temporal_server: str, make_order: MakeOrder) -> Iterator[Order]:
    """A submitted order whose workflow has been started, but meets no worker yet."""
    made = make_order("CREATED")
    temporal.start_order(OrderInput(made.order_id, made.payment_id))
    yield made
    end_open_runs(temporal_server)


def wait_until_blocked(engine: Engine) -> None:
    """Wait until an activity waits for the row that this test has locked."""

    def is_blocked() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the same picture again and again
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(cursor.fetchone()[0])

    wait_until(is_blocked, what=f"an activity at the locked row\n{engine.log}")


class TestDraining:
    def test_a_running_activity_comes_to_its_end(self, order: Order, start_engine: StartEngine) -> None:
        with transaction.atomic():
            lock_order(order.order_id)
            engine = start_engine()
            wait_until_blocked(engine)
            engine.send(signal.SIGTERM)
            engine.wait_for("draining")

        assert engine.process.wait(60) == 0
        assert f"[{order.order_id} receive_order immediate attempt] done in" in engine.log
        order.refresh_from_db()
        assert order.run_id != "run"

    def test_no_statement_outlives_the_attempt_that_sent_it(self, order: Order, start_engine: StartEngine) -> None:
        with transaction.atomic():
            lock_order(order.order_id)
            engine = start_engine(DATABASE_LOCK_TIMEOUT="0")
            wait_until_blocked(engine)
            engine.wait_for(f"[{order.order_id} receive_order immediate attempt] failed in 4.")
        engine.wait_for(f"[{order.order_id} receive_order attempt 1] done in")
        assert engine.stop() == 0

    def test_a_second_signal_stops_hard(self, order: Order, start_engine: StartEngine) -> None:
        with transaction.atomic():
            lock_order(order.order_id)
            engine = start_engine()
            wait_until_blocked(engine)
            engine.send(signal.SIGTERM)
            engine.wait_for("draining")

            def is_gone() -> bool:
                engine.send(signal.SIGTERM)
                return engine.process.poll() is not None

            wait_until(is_gone, seconds=3, what="the hard stop")

        assert engine.process.returncode == 1
        order.refresh_from_db()
        assert order.run_id == "run"


class TestSeveralProcesses:
    def test_they_serve_together_and_drain_together(self, start_engine: StartEngine) -> None:
        engine = start_engine("--processes", "2")
        engine.wait_for(SERVING, times=2)

        assert engine.stop() == 0
        assert engine.log.count("draining") == 2
        assert not any(is_alive(pid) for pid in engine.children())

    def test_a_single_one_is_supervised_too_when_asked_for(self, start_engine: StartEngine) -> None:
        engine = start_engine("--processes", "1")
        engine.wait_for(SERVING)

        assert len(engine.children()) == 1
        assert engine.stop() == 0

    def test_one_whose_companion_ends_is_started_again(
        self,
        program_environment: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        for name, value in program_environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(processes, "SHORTEST_LIFE_SECONDS", 0.0)
        supervisor = Supervisor([sys.executable, "-c", DOOMED], 1)
        thread = threading.Thread(target=supervisor.run)
        with caplog.at_level(logging.INFO):
            thread.start()
            wait_until(lambda: "ended with code 1; starting another" in caplog.text)
        supervisor.stop()
        supervisor.kill()
        thread.join(60)
        assert not thread.is_alive()

    def test_they_do_not_outlive_their_parent(self, start_engine: StartEngine) -> None:
        engine = start_engine("--processes", "2", "--queue", "order-tq")
        engine.wait_for("serving order-tq", times=2)

        engine.stop(signal.SIGKILL)

        wait_until(lambda: not any(is_alive(pid) for pid in engine.children()), what="the end of the children")

    def test_one_that_dies_right_after_its_start_ends_all(self, start_engine: StartEngine) -> None:
        engine = start_engine("--processes", "2", "--queue", "order-tq")
        engine.wait_for("started", times=2)

        os.kill(engine.children()[0], signal.SIGKILL)

        assert engine.process.wait(60) == 1
        assert "right after it started" in engine.log
        assert "Some worker processes did not end cleanly." in engine.log

    def test_one_that_dies_later_is_replaced(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(processes, "SHORTEST_LIFE_SECONDS", 0.0)
        supervisor = Supervisor([sys.executable, "-c", f"open(r'{tmp_path}/x', 'a').write('x'); input()"], 1)
        answers: list[bool] = []
        thread = threading.Thread(target=lambda: answers.append(supervisor.run()))
        thread.start()
        wait_until(lambda: _size(tmp_path / "x") == 1)

        supervisor.kill()

        wait_until(lambda: _size(tmp_path / "x") == 2)
        supervisor.stop()
        thread.join(60)
        assert answers == [False]  # a child whose input ends with an EOFError has not ended well


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
