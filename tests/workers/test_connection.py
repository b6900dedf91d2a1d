"""workers.worker: how a worker holds its connection to Temporal."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from workers import worker

# `frontend.keepAliveMinTime` of Temporal: whoever pings more often is dropped.
SERVER_ALLOWS_MILLIS = 10_000


def test_a_dead_connection_is_noticed_and_the_server_is_not_pinged_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    async def connect(**arguments: Any) -> None:
        asked.update(arguments)
        raise RuntimeError("Nobody is there.")

    monkeypatch.setattr(Client, "connect", connect)
    with pytest.raises(RuntimeError):
        asyncio.run(worker._connect())

    pings = asked["keep_alive_config"]
    assert SERVER_ALLOWS_MILLIS < pings.interval_millis < pings.interval_millis + pings.timeout_millis <= 15_000
