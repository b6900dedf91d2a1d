"""Says in words how the worker processes are doing, for `runworkers --check`."""

import socket
from dataclasses import asdict
from typing import Any

from orders import contracts
from orders.engine.worker_health import ProcessHealth, WorkersHealth, judge_workers
from orders.labels.health import describe_problem


def check_workers(*, is_everywhere: bool) -> WorkersHealth:
    """Return how the worker processes of this machine, or of all, are doing."""
    queues = (contracts.ORDER_QUEUE, contracts.SHIPPING_QUEUE)
    return judge_workers(host="" if is_everywhere else socket.gethostname(), queues=queues)


def describe_health(health: WorkersHealth) -> list[str]:
    """Return lines for people."""
    lines = [f"{health.status}"]
    lines += [f"  {describe_process(process)}" for process in health.processes]
    return lines + [f"  - {describe_problem(problem)}" for problem in health.problems]


def describe_process(process: ProcessHealth) -> str:
    """Return a process in a line."""
    state = "ready" if process.is_ready else "not ready"
    queues = " and ".join(process.queues)
    return f"process {process.pid} on {process.host}, {queues}: {state}, {process.seconds_since_report:.0f} s ago"


def describe_as_json(health: WorkersHealth) -> dict[str, Any]:
    """Return an object for programs."""
    processes = [asdict(process) | {"is_ready": process.is_ready} for process in health.processes]
    return {"status": health.status, "processes": processes, "problems": list(health.problems)}
