"""Readiness of the workers: what a process reports of itself, and what `runworkers --check` makes of it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client as Browser
from pytest_django import Settings
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest
from temporalio.client import Client

from orders.engine import companions, task_queues, worker_health
from orders.engine.worker_health import WorkersHealth, judge_workers
from orders.labels.health import describe_problem
from orders.models import Trouble, WorkerProcess
from orders.postgres.clock import database_now
from orders.states import TroubleCode
from tests.making import MakeOrder
from tests.programs import free_port, started_temporal, started_workers
from tests.waiting import wait_until
from workers.readiness import describe_health

pytestmark = pytest.mark.django_db

RunCommand = Callable[..., subprocess.CompletedProcess[str]]
QUEUES = ("order-tq", "shipping-tq")
HOST = socket.gethostname()


def report(pid: int = 1, *, host: str = "worker-1", problems: Any = (), seconds: float = 1, **changes: Any) -> None:
    """Write the report of a process."""
    facts: dict[str, Any] = {
        "process_id": f"{pid}@{host}",
        "host": host,
        "pid": pid,
        "queues": list(QUEUES),
        "problems": list(problems),
        "seen_at": database_now() - timedelta(seconds=seconds),
    }
    WorkerProcess.objects.create(**facts | changes)


def codes(health: WorkersHealth) -> list[str]:
    return [problem["code"] for problem in health.problems]


class TestJudging:
    def test_without_a_process_nothing_is_ready(self) -> None:
        health = judge_workers(queues=QUEUES)
        assert health.status == "not ready"
        assert codes(health) == ["no_process", "queue_unserved", "queue_unserved"]

    def test_processes_without_problems_are_ready(self) -> None:
        report(1)
        report(2)
        health = judge_workers(queues=QUEUES)
        assert (health.status, len(health.processes), health.problems) == ("ready", 2, ())

    @pytest.mark.parametrize("code", ["temporal_away", "not_polling", "companion_failing"])
    def test_one_that_is_kept_from_its_work_is_not_ready(self, code: str) -> None:
        report(1)
        report(2, problems=[{"code": code, "queue": "order-tq", "companion": "relay", "detail": "x"}])
        assert judge_workers(queues=QUEUES).status == "not ready"

    @pytest.mark.parametrize("code", ["clock_skewed", "messages_refused", "runs_failing", "something_new"])
    def test_other_problems_make_it_degraded(self, code: str) -> None:
        report(1, problems=[{"code": code, "count": 1, "order_ids": ["order-1"], "seconds": 9}])
        report(2, problems=[{"code": code, "count": 1, "order_ids": ["order-1"], "seconds": 9}])
        health = judge_workers(queues=QUEUES)
        assert (health.status, health.is_ready) == ("degraded", True)
        assert codes(health) == [code], "what two processes report is told once"

    def test_orders_in_trouble_are_told(self, make_order: MakeOrder) -> None:
        report(1)
        order, closed = make_order("PAID"), make_order("COMPLETED")
        for each in (order, closed):
            Trouble.objects.create(order=each, code=TroubleCode.SHIPMENT_UNRESOLVED)
        Trouble.objects.create(order=order, code=TroubleCode.RUN_LOST)
        health = judge_workers(queues=QUEUES)
        assert health.status == "degraded"
        assert health.problems == ({"code": "orders_in_trouble", "count": 1, "order_ids": [order.order_id]},)
        assert describe_health(health)[-1].endswith(f"Orders in trouble that need a person: 1, such as {order}.")

    def test_a_queue_that_nobody_serves_is_a_problem(self) -> None:
        report(1, queues=["order-tq"])
        health = judge_workers(queues=QUEUES)
        assert (health.status, codes(health)) == ("degraded", ["queue_unserved"])

    def test_another_machine_s_processes_count_for_its_queues_and_not_for_its_health(self) -> None:
        report(1, queues=["order-tq"])
        report(2, host="worker-2", queues=["shipping-tq"], problems=[{"code": "temporal_away", "detail": "x"}])
        assert judge_workers(host="worker-1", queues=QUEUES).status == "ready"
        assert judge_workers(queues=QUEUES).status == "not ready"

    def test_one_of_another_machine_that_is_silent_is_taken_for_gone(self) -> None:
        report(1)
        report(2, host="worker-2", seconds=60)
        assert judge_workers(queues=QUEUES).status == "ready"

    def test_one_of_this_machine_that_is_silent_and_lives_hangs(self) -> None:
        program = [sys.executable, "-c", "input()", "runworkers"]
        with subprocess.Popen(program, stdin=subprocess.PIPE) as process:
            report(process.pid, host=HOST, seconds=60)
            report(os.getpid(), host=HOST, seconds=1)
            health = judge_workers(host=HOST, queues=QUEUES)
            assert (health.status, codes(health)) == ("not ready", ["process_silent"])
            process.communicate(b"\n")
        assert judge_workers(host=HOST, queues=QUEUES).status == "ready"

    def test_what_several_processes_say_in_their_own_words_is_told_once(self) -> None:
        report(1, problems=[{"code": "temporal_away", "detail": "It cannot be reached."}])
        report(2, problems=[{"code": "temporal_away", "detail": "It did not answer in time."}])
        assert codes(judge_workers(queues=QUEUES)) == ["temporal_away"]


class TestWords:
    def test_every_problem_has_a_sentence(self) -> None:
        report(1, problems=[{"code": "messages_refused", "count": 2, "order_ids": ["order-1", "order-2"]}])
        lines = describe_health(judge_workers(queues=QUEUES))
        assert lines[0] == "degraded"
        assert "process 1 on worker-1, order-tq and shipping-tq: ready" in lines[1]
        assert lines[2] == "  - Orders with a message that Temporal refused: 2, such as order-1, order-2."

    def test_a_problem_of_another_release_is_told_all_the_same(self) -> None:
        assert describe_problem({"code": "moon_missing", "count": 2}) == "Moon missing: count 2."
        assert describe_problem({"code": "messages_refused"}) == "Messages refused."


@pytest.fixture
def beating() -> Iterator[Callable[..., None]]:
    """Return a function that has this process report itself, until the test ends."""
    stop, threads = threading.Event(), list[threading.Thread]()

    def beat() -> None:
        worker_health.run_heartbeat(stop, queues=QUEUES, interval_seconds=0.1)
        connection.close()

    def start() -> None:
        threads.append(threading.Thread(target=beat))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(60)
    assert not WorkerProcess.objects.exists(), "who ends takes its report along"


@pytest.mark.django_db(transaction=True)
class TestReporting:
    def test_without_temporal_and_polls_it_says_so(self, beating: Callable[..., None]) -> None:
        beating()
        wait_until(lambda: codes(judge_workers(queues=QUEUES)) == ["temporal_away"])

    def test_one_that_does_not_poll_says_so(self, temporal_server: str, beating: Callable[..., None]) -> None:
        beating()
        wait_until(lambda: codes(judge_workers(queues=QUEUES)) == ["not_polling", "not_polling"])

    def test_a_companion_that_only_fails_is_told(
        self, temporal_server: str, beating: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_health, "COMPANION_SECONDS", 0.0)
        stop = threading.Event()

        def fail() -> None:
            raise OperationalError("the disk is full")

        companion = threading.Thread(
            target=lambda: companions.run_companion("walker", fail, stop, interval_seconds=0.05)
        )
        companion.start()
        beating()
        try:
            wait_until(lambda: "companion_failing" in codes(judge_workers()))
            (problem,) = [found for found in judge_workers().problems if found["code"] == "companion_failing"]
            assert describe_problem(problem) == "The walker is not making progress: OperationalError: the disk is full"
        finally:
            stop.set()
            companion.join(60)

    def test_what_a_companion_found_is_told(self, temporal_server: str, beating: Callable[..., None]) -> None:
        stop = threading.Event()

        def find() -> None:
            companions.report("runs_failing", count=1, order_ids=["order-1"])

        companion = threading.Thread(
            target=lambda: companions.run_companion("walker", find, stop, interval_seconds=0.05)
        )
        companion.start()
        beating()
        try:
            fact = {"code": "runs_failing", "count": 1, "order_ids": ["order-1"]}
            wait_until(lambda: fact in judge_workers().problems)
        finally:
            stop.set()
            companion.join(60)


async def poll_once(client: Client, queue: str, identity: str) -> None:
    """Ask for one task of each kind, as a worker does, until cancelled."""
    asked: Any = {"namespace": client.namespace, "task_queue": TaskQueue(name=queue), "identity": identity}
    await asyncio.gather(
        client.workflow_service.poll_workflow_task_queue(PollWorkflowTaskQueueRequest(**asked)),
        client.workflow_service.poll_activity_task_queue(PollActivityTaskQueueRequest(**asked)),
    )


async def find_waiting_polls(address: str, queue: str, identities: list[str]) -> set[str]:
    """Let each of `identities` wait for tasks, and return those that are found to do so, until all are."""
    client = await Client.connect(address)
    waiting = [asyncio.create_task(poll_once(client, queue, identity)) for identity in identities]
    found: set[str] = set()
    try:
        async with asyncio.timeout(20):
            while found != set(identities):
                for identity in set(identities) - found:
                    if await asyncio.to_thread(task_queues.find_poll, queue, identity):
                        found.add(identity)
    except TimeoutError:
        pass  # the caller sees who is missing
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return found


def test_a_worker_is_found_whichever_partition_of_the_queue_it_asks(temporal_server: str) -> None:
    """Most of these polls wait at a partition that does not tell the first one of them."""
    identities = [f"worker-{number}" for number in range(12)]
    assert asyncio.run(find_waiting_polls(temporal_server, "polled-tq", identities)) == set(identities)
    assert task_queues.find_poll("polled-tq", "somebody-else") is None


@pytest.mark.django_db(transaction=True)
class TestCheck:
    def test_it_follows_the_life_of_the_workers(
        self, program_environment: dict[str, str], run_command: RunCommand, client: Browser, settings: Settings
    ) -> None:
        port = free_port()
        at_server = {"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"}

        def check(*arguments: str) -> tuple[int, dict[str, Any]]:
            done = run_command("runworkers", "--check", "--json", *arguments, **at_server)
            assert "Traceback" not in done.stderr
            return done.returncode, json.loads(done.stdout)

        def is_told(code: int, *problems: str) -> bool:
            found, answer = check()
            return (found, [problem["code"] for problem in answer["problems"]]) == (code, list(problems))

        assert is_told(1, "no_process", "queue_unserved", "queue_unserved")
        with started_workers(program_environment, "--processes", "2", **at_server):
            wait_until(lambda: is_told(1, "temporal_away"), what="that Temporal is away")
            with started_temporal(port):
                wait_until(lambda: is_told(0), what="readiness")
                text = run_command("runworkers", "--check", **at_server)
                assert text.stdout.startswith("ready\n  process ")
                assert text.stdout.count(": ready, ") == 2
                assert client.get("/health/ready/").json()["workers"] == "ready"

                hanging = WorkerProcess.objects.order_by("pid")[0].pid
                os.kill(hanging, signal.SIGSTOP)
                WorkerProcess.objects.filter(pid=hanging).update(seen_at=database_now() - timedelta(seconds=31))
                try:
                    wait_until(lambda: is_told(1, "process_silent"), what="that it is silent")
                finally:
                    os.kill(hanging, signal.SIGCONT)
                wait_until(lambda: is_told(0), what="readiness again")
            wait_until(lambda: is_told(1, "temporal_away"), what="that Temporal is away again")
        assert is_told(1, "no_process", "queue_unserved", "queue_unserved")

    def test_strictly_degraded_is_not_enough(self, run_command: RunCommand) -> None:
        report(os.getpid(), host=HOST, problems=[{"code": "runs_failing", "count": 1, "order_ids": ["order-1"]}])
        assert run_command("runworkers", "--check").returncode == 0
        strict = run_command("runworkers", "--check", "--strict")
        assert (strict.returncode, strict.stdout.splitlines()[0]) == (1, "degraded")
        assert "Runs whose workflow task keeps failing: 1, such as order-1." in strict.stdout

    def test_elsewhere_counts_when_asked_for(self, run_command: RunCommand) -> None:
        report(1, host="elsewhere")
        assert run_command("runworkers", "--check").returncode == 1
        assert run_command("runworkers", "--check", "--everywhere").returncode == 0

    def test_without_a_database_it_says_so(self, run_command: RunCommand) -> None:
        done = run_command("runworkers", "--check", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
        assert done.returncode == 1
        assert "The database cannot be reached" in done.stderr
        assert "Traceback" not in done.stderr
