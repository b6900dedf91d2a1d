"""Somebody else's pause is not ours: programs that are stopped in the middle of a transaction, with locks in hand."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from orders import contracts
from orders.decisions import batches, chunks, decide
from orders.models import Order, Payment
from orders.postgres.limits import Limits
from orders.states import DecisionKind, Status
from tests.asking import HTMX, text_of
from tests.forked import Program
from tests.making import MakeOrder, find_disagreements, make_user, submit
from tests.programs import end_open_runs, started_workers
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = "Someone else is changing this order"
LOCK_AND_WAIT = """
import sys, time
from django.db import transaction
from orders.models import Order
with transaction.atomic():
    Order.objects.select_for_update().get(order_id={order_id!r})
    print("locked", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _web_limits() -> Iterator[None]:
    """Have the web's limits in this process, but a shorter one for locks."""
    limits = connection.limits  # type: ignore[attr-defined]
    connection.limit(Limits(statement=10, lock=1, idle_in_transaction=10))  # type: ignore[attr-defined]
    yield
    connection.limit(limits)  # type: ignore[attr-defined]


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    client.force_login(bob)
    client.raise_request_exception = False
    return client


@pytest.fixture
def stop_with_lock(program_environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Return a function that has a program take an order's lock and stops that program with SIGSTOP."""
    programs: list[Program] = []

    def stop(order: Order, *, idle_timeout: float) -> None:
        out = tmp_path / f"{len(programs)}.out"
        ask = ("manage.py", "shell", "-v0", "-c", LOCK_AND_WAIT.format(order_id=order.order_id))
        program = Program(ask, program_environment | {"DATABASE_IDLE_TIMEOUT": str(idle_timeout)}, out=out)
        programs.append(program)
        wait_until(lambda: out.exists() and out.read_text() == "locked\n", what="the lock")
        program.send_signal(signal.SIGSTOP)

    yield stop
    for program in programs:
        program.kill()
        program.wait(60)


@pytest.fixture
def busy(make_order: MakeOrder, stop_with_lock: Callable[..., None]) -> Order:
    """An order whose lock a stopped program holds for the whole test."""
    order = make_order()
    stop_with_lock(order, idle_timeout=60)
    return order


def cancel(browser: Client, order: Order, **options: Any) -> Any:
    started_at = monotonic()
    answer = browser.post(f"/orders/{order.order_id}/cancel/", {"reason": "Ordered <twice>"}, **options)
    assert monotonic() - started_at < 15
    return answer


def test_cancelling_a_locked_order_is_answered_soon_and_the_reason_is_kept(bobs: Client, busy: Order) -> None:
    answer = cancel(bobs, busy)
    page = text_of(answer)
    assert answer.status_code == 503
    assert BUSY in page
    assert '<input type="hidden" name="reason" value="Ordered &lt;twice&gt;">' in page
    assert f'<form method="post" action="/orders/{busy.order_id}/cancel/"' in page
    assert answer["Retry-After"] == "5"
    busy.refresh_from_db()
    assert not busy.is_cancel_requested


def test_with_htmx_the_page_stays_and_gets_the_sentence(bobs: Client, busy: Order) -> None:
    answer = cancel(bobs, busy, headers=HTMX)
    assert (answer.status_code, answer["Content-Type"]) == (503, "text/plain; charset=utf-8")
    assert text_of(answer).startswith(BUSY)
    assert "What you entered is still on this page" in text_of(answer)


def test_reading_a_locked_order_waits_for_nobody(bobs: Client, busy: Order) -> None:
    started_at = monotonic()
    assert bobs.get(f"/orders/{busy.order_id}/").status_code == 200
    assert monotonic() - started_at < 10


def test_one_locked_order_of_several_does_not_hold_the_others(busy: Order, make_order: MakeOrder, bob: User) -> None:
    free = make_order()
    batch = batches.create_batch([busy.pk, free.pk], DecisionKind.APPROVE, actor=bob)
    assert chunks.decide_chunk(contracts.DecideChunk(batch.batch_id)).state == "DONE"
    assert [item.result for item in batch.items.all()] == ["BUSY", "DECIDED"]


def test_the_terminal_says_so_too(busy: Order, run_command: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    result = run_command("order", "signal", busy.order_id, "cancel", "--reason", "Twice", DATABASE_LOCK_TIMEOUT="0.5")
    assert result.returncode == 1
    assert BUSY in result.stderr
    assert "Traceback" not in result.stderr


def test_a_stopped_program_loses_its_locks(
    bobs: Client, make_order: MakeOrder, stop_with_lock: Callable[..., None]
) -> None:
    order = make_order()
    stop_with_lock(order, idle_timeout=2)
    wait_until(lambda: cancel(bobs, order).status_code == 302, what="the end of the pause")
    order.refresh_from_db()
    assert order.is_cancel_requested


@pytest.fixture
def slow_payments() -> Iterator[None]:
    """Have PostgreSQL take a second to write a payment, so that a worker can be stopped in the middle of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION take_a_second() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER slow BEFORE INSERT ON orders_payment FOR EACH ROW EXECUTE FUNCTION take_a_second()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION take_a_second CASCADE")


def test_a_worker_stopped_in_the_middle_of_a_charge_holds_up_no_cancellation(
    temporal_server: str, program_environment: dict[str, str], slow_payments: None, bobs: Client
) -> None:
    try:
        with started_workers(program_environment, DATABASE_IDLE_TIMEOUT="4") as workers:
            order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
            decide.approve_order(order, actor=make_user("dana", "approver"))
            wait_until(is_writing_a_payment, what="the charge")
            workers.send_signal(signal.SIGSTOP)
            try:
                answer = cancel(bobs, order)
                assert (answer.status_code, BUSY in text_of(answer)) == (503, True)
                wait_until(lambda: cancel(bobs, order).status_code == 302, what="the cancellation")
            finally:
                workers.send_signal(signal.SIGCONT)
            wait_for_status(order, Status.CANCELLED)
            assert Payment.objects.exclude(status__in=["REFUNDED", "DECLINED"]).count() == 0
            assert find_disagreements() == []
    finally:
        end_open_runs(temporal_server)


def is_writing_a_payment() -> bool:
    return has_session(state="active", query='%INSERT INTO "orders_payment"%')


def has_session(*, query: str, state: str = "%") -> bool:
    """Tell whether another session is in this state, with a latest statement like `query`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state LIKE %s AND query LIKE %s",
            [state, query],
        )
        return cursor.fetchone() is not None


def test_workers_bound_their_statements(temporal_server: str, program_environment: dict[str, str]) -> None:
    with started_workers(program_environment):  # and not those of the module, which would take the charge above over
        wait_until(lambda: has_session(query="SET LOCAL statement_timeout = 4000;%"), what="a bounded statement")
