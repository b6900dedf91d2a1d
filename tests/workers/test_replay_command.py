"""`manage.py order replay`: live runs against today's code, and against one that does not fit them."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from orders import contracts
from orders.engine import temporal
from orders.states import Status
from tests.changed_workflow import ForgetfulWorkflow
from tests.making import submit
from tests.waiting import wait_for_status, wait_until
from workers import replay, worker
from workers.management.commands.replay import read_since

pytestmark = pytest.mark.django_db(transaction=True)
RunCommand = Callable[..., subprocess.CompletedProcess[str]]


def test_live_runs_fit_todays_code(workers_running: object, run_command: RunCommand) -> None:
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)

    def is_replayed() -> bool:  # the list lags behind
        answer = json.loads(run_command("order", "replay", "--json").stdout)
        return bool(answer["runs"] >= 1 and not answer["mismatches"])

    wait_until(is_replayed, what=f"the replay of {order}")
    told = run_command("order", "replay", "--since", "1d")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Runs that do not fit: 0." in told.stdout


def test_a_run_that_the_code_does_not_fit_is_named(
    workers_running: object, temporal_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    monkeypatch.setitem(worker.WORKFLOWS, contracts.ORDER_QUEUE, (ForgetfulWorkflow,))

    def find() -> replay.Replay:
        return asyncio.run(replay.replay_runs())

    wait_until(lambda: order.order_id in [each.workflow_id for each in find().mismatches])
    [found] = [each for each in find().mismatches if each.workflow_id == order.order_id]
    assert "TMPRL1100" in found.problem
    run = temporal.describe_run(order.order_id)
    assert run is not None
    assert run.is_open


def test_without_temporal_it_says_so(run_command: RunCommand) -> None:
    result = run_command("order", "replay", TEMPORAL_ADDRESS="127.0.0.1:1")

    assert result.returncode == 1
    assert "Temporal is not answering" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_beginning_is_a_date_or_a_span() -> None:
    assert read_since("7d") == timedelta(days=7)
    assert read_since("12h") == timedelta(hours=12)
    assert read_since("2026-11-20") == datetime(2026, 11, 20, tzinfo=UTC)
