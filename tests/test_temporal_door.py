"""orders.temporal: one client per process that fails fast, survives a fork and never hangs its caller."""

import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django import Settings

from orders import temporal
from orders.errors import RunNotFound, TemporalAway


def outcome_of(order_id: str) -> str:
    """Tell how a query ended."""
    try:
        temporal.query_status(order_id)
    except RunNotFound:
        return "not found"
    except TemporalAway:
        return "away"
    return "answered"


def test_it_tells_an_unknown_run(temporal_server: str) -> None:
    assert outcome_of("order-NONE") == "not found"
    assert temporal.describe_run("order-NONE") is None


def test_a_refused_connection_fails_within_four_seconds_and_then_at_once() -> None:
    begin = time.monotonic()
    assert outcome_of("order-NONE") == "away"
    middle = time.monotonic()
    assert outcome_of("order-NONE") == "away"
    assert middle - begin < 4.5
    assert time.monotonic() - middle < 0.5


def test_a_server_that_accepts_and_says_nothing_fails_as_well(settings: Settings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings.TEMPORAL_ADDRESS = f"127.0.0.1:{silent.getsockname()[1]}"
        begin = time.monotonic()
        assert outcome_of("order-NONE") == "away"
        assert time.monotonic() - begin < 4.5


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
    program = "import django; django.setup()\nfrom orders import temporal\ntemporal.check_server()\ntemporal.close()\n"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "console.settings", "TEMPORAL_ADDRESS": temporal_server}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


@pytest.mark.parametrize("times", [1, 2])
def test_closing_is_harmless(times: int) -> None:
    for _ in range(times):
        temporal.close()
