"""Orders of the console as people submit and approve them, several at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from django.db import close_old_connections, connection

from orders.decisions import decide
from orders.intake import submission
from orders.models import Order
from orders.states import Status
from tests.making import Colleague, make_draft
from tests.waiting import wait_until

# How many people submit and approve at the same time.
PEOPLE: Final = 4
SECONDS: Final = 120

A = TypeVar("A")
R = TypeVar("R")

_people = ThreadPoolExecutor(PEOPLE)


def submit_orders(count: int) -> list[str]:
    """Submit so many orders and return their ids."""
    return list(_people.map(_as_request(_submit), range(count)))


def approve_orders(order_ids: Sequence[str]) -> None:
    """Approve the orders."""
    list(_people.map(_as_request(_approve), order_ids))


def run_orders(count: int) -> list[str]:
    """Submit orders, approve them when they wait, and return their ids when all are completed."""
    order_ids = submit_orders(count)
    wait_for_all(order_ids, Status.PENDING_MANUAL_APPROVAL)
    approve_orders(order_ids)
    wait_for_all(order_ids, Status.COMPLETED)
    return order_ids


def wait_for_all(order_ids: Sequence[str], status: Status) -> None:
    """Wait until all are there."""
    orders = Order.objects.filter(order_id__in=order_ids, status=status)
    # As often as the bare runs are looked at.
    wait_until(lambda: orders.count() == len(order_ids), seconds=SECONDS, what=f"{status} of all", every=0.1)


def find_postgres() -> int:
    """Return the server's first process, the parent of the one that serves this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _as_request(work: Callable[[A], R]) -> Callable[[A], R]:
    """Keep the thread's connection to the database for its next call while it is good, as the web server does."""

    def call(argument: A) -> R:
        close_old_connections()
        try:
            return work(argument)
        finally:
            close_old_connections()

    return call


def _submit(_: int) -> str:
    clerk = Colleague("alice", pk=None)
    return submission.submit_order(make_draft(), actor=clerk, idempotency_key=str(uuid4())).order_id


def _approve(order_id: str) -> None:
    decide.approve_order(Order.objects.get(order_id=order_id), actor=Colleague("bob"))
