"""Submitting orders: how many a second, and what each costs the web server and PostgreSQL."""

import http.client
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.engine import temporal_client
from orders.intake.submission import submit_order
from orders.models import ApiKey
from tests.benchmark.figures import Figure, Scale
from tests.benchmark.machine import cpu_milliseconds, find_tree
from tests.benchmark.web.site import started_web
from tests.benchmark.whole_orders import PEOPLE, find_postgres, submit_orders
from tests.console.api.calling import ORDERS, Program, make_body
from tests.making import Colleague, make_draft
from tests.programs import free_port, temporal_process

SUBMISSIONS: Final = 400
NO_LIMIT: Final = 1_000_000
# Programs that submit at the same time.
PROGRAMS: Final = 8


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
    by_api = _submit_by_api(postgres)
    return [
        Figure("submissions", SUBMISSIONS / seconds, "a second"),
        Figure("statements of a submission", len(captured.captured_queries), target="≤ 12"),
        *(Figure(f"CPU time of a submission, {name}", spent / SUBMISSIONS, "ms") for name, spent in used.items()),
        *by_api,
    ]


def _submit_by_api(postgres: int) -> list[Figure]:
    """Submit orders as programs do, to a web server of two processes; the relay would start them."""
    program = Program("submit")
    program.client.defaults["HTTP_HOST"] = "localhost"
    ApiKey.objects.update(limit_per_minute=NO_LIMIT)
    assert program.submit().status_code == HTTPStatus.CREATED
    with CaptureQueriesContext(connection) as captured:
        program.submit()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        environment = os.environ | {"STATIC_ROOT": folder, "BIND": f"127.0.0.1:{port}", "WEB_PROCESSES": "2"}
        with started_web(environment, port) as web, ThreadPoolExecutor(PROGRAMS) as programs:
            list(programs.map(lambda _: _post_orders(port, program.text, 5), range(PROGRAMS)))
            begin, before = time.monotonic(), _used_by_api(postgres, web)
            each = SUBMISSIONS // PROGRAMS
            list(programs.map(lambda _: _post_orders(port, program.text, each), range(PROGRAMS)))
            seconds, after = time.monotonic() - begin, _used_by_api(postgres, web)
    return [
        Figure("submissions by API", SUBMISSIONS / seconds, "a second", target="≥ 50"),
        Figure("statements of a submission by API", len(captured.captured_queries)),
        *(
            Figure(f"CPU time of a submission by API, {name}", (after[name] - spent) / SUBMISSIONS, "ms")
            for name, spent in before.items()
        ),
    ]


def _post_orders(port: int, key: str, count: int) -> None:
    """Submit so many orders one after the other, over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Host": "localhost"}
    body = json.dumps(make_body())
    for _ in range(count):
        connection.request("POST", ORDERS, body, headers | {"Idempotency-Key": str(uuid4())})
        answer = connection.getresponse()
        assert answer.status == HTTPStatus.CREATED, answer.read()
        answer.read()
    connection.close()


def _used_by_api(postgres: int, web: int) -> dict[str, float]:
    """Return the CPU time of each so far, in milliseconds."""
    return {"web": cpu_milliseconds(find_tree(web)), "postgres": cpu_milliseconds(find_tree(postgres))}


def _own() -> float:
    """Return the CPU time of this process so far, in milliseconds."""
    return cpu_milliseconds([os.getpid()])


def _used(postgres: int, temporal: int) -> dict[str, float]:
    """Return the CPU time of each so far, in milliseconds; `clients` is this process."""
    return {
        "clients": _own(),
        "postgres": cpu_milliseconds(find_tree(postgres)),
        "temporal": cpu_milliseconds(find_tree(temporal)),
    }
