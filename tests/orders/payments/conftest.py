"""Gateways that break, and one that others wrote."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from pytest_django import Settings

from orders.errors import OutsideWorldFailed
from orders.payments.gateways.simulated_process.server import GatewayServer
from orders.simulated import fault_injection

PROCESS: Final = "orders.payments.gateways.simulated_process.gateway.SimulatedProcessGateway"


@pytest.fixture
def break_next_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes the next call to the outside world fail, before or after its effect."""

    def break_it(moment: str) -> None:
        def call(name: str, effect: Callable[[], object]) -> object:
            monkeypatch.setattr(
                "orders.payments.gateways.simulated.call_outside_world", fault_injection.call_outside_world
            )
            if moment == "after":
                effect()
            raise OutsideWorldFailed("The payment gateway answered with an internal error.")

        monkeypatch.setattr("orders.payments.gateways.simulated.call_outside_world", call)

    return break_it


@pytest.fixture
def gateway_server(tmp_path: Path, settings: Settings) -> Iterator[GatewayServer]:
    """The simulated gateway's program in a thread, which the settings lead to."""
    server = GatewayServer(("127.0.0.1", 0), tmp_path / "gateway.jsonl")
    settings.SIMULATED_GATEWAY_URL = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.close()
    thread.join()
