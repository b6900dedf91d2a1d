"""The whole console for the parts about pages: gunicorn as production runs it, Temporal, workers, orders that wait."""

import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import connection

from orders.engine import temporal_client
from orders.intake import submission
from orders.models import Order
from orders.states import Status
from tests.benchmark.machine import cpu_milliseconds, find_tree
from tests.making import Colleague, make_draft
from tests.programs import ROOT, free_port, temporal_process, workers_process
from tests.waiting import listens, wait_until
from tests.web import collect_static_files

SUBMITTERS: Final = 4
# What the web server asks Temporal for its live status.
CALLS: Final = re.compile(
    r'^service_requests\{[^}]*operation="(?:QueryWorkflow|DescribeWorkflowExecution)"'
    r'[^}]*service_name="frontend"[^}]*\} (\S+)',
    re.MULTILINE,
)


@dataclass(frozen=True)
class Site:
    """The running console. `web` is the process id of gunicorn, which its own processes stand under."""

    port: int
    web: int
    temporal_address: str
    metrics_port: int

    def used(self) -> float:
        """Return the CPU time of the web server so far, in milliseconds."""
        return cpu_milliseconds(find_tree(self.web))

    def count_calls(self) -> float:
        """Return how often Temporal was asked about the state of a run so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics") as answer:
            metrics = answer.read().decode()
        return sum(float(number) for number in CALLS.findall(metrics))


@contextmanager
def started_site(*, web_processes: int, temporal: Sequence[str] = (), **changes: str) -> Iterator[Site]:
    """Start everything, and stop it; `temporal` are options of its server, and `changes` are of the environment."""
    port, temporal_port, metrics_port = free_port(), free_port(), free_port()
    address = f"127.0.0.1:{temporal_port}"
    settings.TEMPORAL_ADDRESS = address
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        environment = {
            **os.environ,
            "TEMPORAL_ADDRESS": address,
            "STATIC_ROOT": f"{folder}/static",
            "BIND": f"127.0.0.1:{port}",
            "WEB_PROCESSES": str(web_processes),
            **changes,
        }
        with (
            temporal_process(temporal_port, "--metrics-port", str(metrics_port), *temporal),
            workers_process(environment),
            started_web(environment, port) as web,
        ):
            try:
                yield Site(port, web, address, metrics_port)
            finally:
                temporal_client.close()


@contextmanager
def started_web(environment: dict[str, str], port: int) -> Iterator[int]:
    """Start gunicorn alone, which takes connections at `port`, and yield its process id."""
    collect_static_files(environment)
    command = [sys.executable, "-m", "gunicorn", "--config", "python:console.gunicorn_conf", "console.wsgi"]
    web = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        wait_until(lambda: listens(port), what="the web server")
        yield web.pid
    finally:
        web.terminate()
        web.wait(20)


def submit_orders(count: int) -> list[Order]:
    """Submit orders and return them once they wait for a decision."""
    with ThreadPoolExecutor(SUBMITTERS) as submitters:
        order_ids = list(submitters.map(_submit, range(count)))
    waiting = Order.objects.filter(order_id__in=order_ids, status=Status.PENDING_MANUAL_APPROVAL)
    wait_until(lambda: waiting.count() == count, seconds=180, what="the approval of all is awaited")
    return list(waiting.order_by("pk"))


def wait_for_end(orders: Sequence[Order]) -> None:
    """Wait until all of the orders are carried out."""
    completed = Order.objects.filter(pk__in=[order.pk for order in orders], status=Status.COMPLETED)
    wait_until(lambda: completed.count() == len(orders), seconds=120, what="the completion of all")


def _submit(number: int) -> str:
    draft = make_draft(customer_name=f"Customer {number}", customer_email=f"customer-{number}@example.com")
    try:
        clerk = Colleague("alice", pk=None)
        return submission.submit_order(draft, actor=clerk, idempotency_key=str(uuid4())).order_id
    finally:
        connection.close()  # as at the end of a request
