"""Says in words how the worker processes are doing, for `runworkers --check`."""

import socket
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from orders import contracts
from orders.engine.worker_health import Problem, ProcessHealth, WorkersHealth, judge_workers

SENTENCES: Final[Mapping[str, str]] = {
    "temporal_away": "Temporal is not answering: {detail}",
    "not_polling": "{queue} is not being polled: the process has just started, or all its slots are taken.",
    "companion_failing": "The {companion} is not making progress: {detail}",
    "process_silent": "Process {pid} on {host} has not reported for {seconds} s.",
    "no_process": "No worker process has reported.",
    "clock_skewed": "The machine's clock is {seconds} s ahead of PostgreSQL's (negative: behind).",
    "queue_unserved": "No process serves {queue}.",
    "runs_failing": "Runs whose workflow task keeps failing: {count}, such as {order_ids}.",
    "runs_paused": "Runs that are paused in Temporal: {count}, such as {order_ids}.",
    "runs_without_order": "Open runs without an order in this database: {count}, such as {order_ids}.",
    "orders_in_trouble": "Orders in trouble that need a person: {count}, such as {order_ids}.",
    "messages_refused": "Orders with a message that Temporal refused: {count}, such as {order_ids}.",
}


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


def describe_problem(problem: Problem) -> str:
    """Return a problem in a sentence; one of another release by its code and data."""
    data = {name: _list(value) for name, value in problem.items() if name != "code"}
    try:
        return SENTENCES[problem["code"]].format(**data)
    except KeyError:
        told = ", ".join(f"{name} {value}" for name, value in data.items())
        return f"{problem['code'].replace('_', ' ').capitalize()}{': ' if told else ''}{told}."


def describe_as_json(health: WorkersHealth) -> dict[str, Any]:
    """Return an object for programs."""
    processes = [asdict(process) | {"is_ready": process.is_ready} for process in health.processes]
    return {"status": health.status, "processes": processes, "problems": list(health.problems)}


def _list(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
