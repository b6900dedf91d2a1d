"""Submitting orders: how many a second, and what each costs the web server and PostgreSQL."""

import os
import time
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.engine import temporal_client
from orders.intake.submission import submit_order
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.machine import cpu_milliseconds, find_tree
from tests.benchmark.whole_orders import PEOPLE, find_postgres, submit_orders
from tests.making import Colleague, make_draft
from tests.programs import free_port, temporal_process

SUBMISSIONS: Final = 400


def measure(scale: Scale) -> list[Figure]:
    """Submit orders to a Temporal that is there, with nobody at work on them."""
    port = free_port()
    settings.TEMPORAL_ADDRESS = f"127.0.0.1:{port}"
    with temporal_process(port) as temporal:
        submit_orders(PEOPLE)
        with CaptureQueriesContext(connection) as captured:
            submit_order(make_draft(), actor=Colleague("alice", pk=None), idempotency_key=str(uuid4()))
        postgres, begin = find_postgres(), time.monotonic()
        before = _used(postgres, temporal.pid)
        submit_orders(SUBMISSIONS)
        seconds = time.monotonic() - begin
        used = {name: after - before[name] for name, after in _used(postgres, temporal.pid).items()}
        temporal_client.close()
    return [
        Figure("submissions", SUBMISSIONS / seconds, "a second"),
        Figure("statements of a submission", len(captured.captured_queries), target="≤ 12"),
        *(Figure(f"CPU time of a submission, {name}", spent / SUBMISSIONS, "ms") for name, spent in used.items()),
    ]


def _used(postgres: int, temporal: int) -> dict[str, float]:
    """Return the CPU time of each so far, in milliseconds; `clients` is this process."""
    return {
        "clients": cpu_milliseconds([os.getpid()]),
        "postgres": cpu_milliseconds(find_tree(postgres)),
        "temporal": cpu_milliseconds(find_tree(temporal)),
    }
