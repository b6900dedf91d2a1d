"""Data that is lost or put back from an older copy: Temporal's, PostgreSQL's, and both.

The books of the gateway and the carrier are not ours, so they do not go back with PostgreSQL: what they took stays
taken. They stand in the same database here, and are carried over.
"""

import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.db import connection

from console.stack.postgres import DATABASE, OWNER
from orders.engine import temporal_client
from orders.models import GatewayMovement, Order
from orders.proof.divergences import Kind, find_divergences
from orders.states import FINAL, Status, TroubleCode
from tests.faults.people import Story, Wish
from tests.faults.stack import FaultStack
from tests.faults.stage import Fault, Stage
from tests.waiting import wait_until

BOOKS: Final = ("simulated_gateway_movement", "simulated_carrier_booking")


class Copy:
    """A copy of PostgreSQL's data as it was at one moment."""

    def __init__(self, stack: FaultStack) -> None:
        self._stack = stack
        self._file = stack.folder.path / "older.dump"
        self._run("pg_dump", "--format=custom", f"--file={self._file}", stack.url())

    def put_back(self) -> None:
        """Replace the database by the copy, and give the books of others what they had by now."""
        stack, books = self._stack, self._stack.folder.path / "books.dump"
        connection.close()
        tables = [f"--table={table}" for table in BOOKS]
        self._run("pg_dump", "--format=custom", "--data-only", *tables, f"--file={books}", stack.url())
        stack.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)", database="postgres")
        stack.sql(f"CREATE DATABASE {DATABASE} OWNER {OWNER}", database="postgres")
        self._run("pg_restore", f"--dbname={stack.url()}", str(self._file))
        self._run("psql", stack.url(), "-qc", f"SET session_replication_role = replica; TRUNCATE {', '.join(BOOKS)}")
        self._run("pg_restore", "--data-only", "--disable-triggers", f"--dbname={stack.url()}", str(books))

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(Path(self._stack.programs, program)), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{program}: {done.stderr}"


def lose_temporal(stage: Stage) -> None:
    """Delete all of Temporal's data while orders wait, are charged and are shipped."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        forget_temporal(stage)
        stage.heal()


def forget_temporal(stage: Stage) -> None:
    """Kill the server and delete its data."""
    stage.stack.temporal.kill()
    for path in stage.stack.folder.path.glob("temporal.db*"):
        path.unlink()
    temporal_client.close()


def restore_postgres(stage: Stage) -> None:
    """Put PostgreSQL back to where orders waited that were charged and shipped since, and that Temporal completed."""
    _go_back(stage, with_temporal=False)


def restore_both(stage: Stage) -> None:
    """Put PostgreSQL back, and lose all of Temporal's data."""
    _go_back(stage, with_temporal=True)


def _go_back(stage: Stage, *, with_temporal: bool) -> None:
    """Let orders that wait be completed after the copy was made, submit others, and put the copy back."""
    waiting, later = stage.plan(wishes=[Wish.LEAVE]), stage.plan(3, wishes=[Wish.APPROVE])
    approved = waiting[: len(waiting) // 2]
    stage.let_live(waiting)
    _wait_for(waiting, Status.PENDING_MANUAL_APPROVAL)
    copy = Copy(stage.stack)
    for story in approved:
        story.wish = Wish.APPROVE
    stage.let_live([*approved, *later])
    _wait_for([*approved, *later], Status.COMPLETED)
    stage.stack.stop_workers()
    if with_temporal:
        forget_temporal(stage)
    copy.put_back()
    stage.stack.start_temporal()
    charges = _count_charges()
    _check_named(approved, later, with_temporal=with_temporal)
    stage.stack.gone |= {story.order_id for story in later}
    stage.stories = waiting
    stage.heal()
    # The approvals are gone with the tables, so a person is told that the money was taken, and decides once more.
    wait_until(lambda: _are_told(approved), seconds=90, what="the word that money was taken")
    for story in approved:
        story.taken.clear()
    stage.let_live(approved)
    _wait_for(approved, *FINAL)
    assert _count_charges() == charges, "somebody was charged again"


def _wait_for(stories: Sequence[Story], *statuses: Status) -> None:
    orders = Order.objects.filter(order_id__in=_ids(stories), status__in=statuses)
    wait_until(lambda: orders.count() == len(stories), seconds=90, what=f"{', '.join(statuses)} of all")


def _are_told(stories: Sequence[Story]) -> bool:
    told = Order.objects.filter(order_id__in=_ids(stories), troubles__code=TroubleCode.MONEY_TAKEN)
    return told.count() == len(stories)


def _ids(stories: Sequence[Story]) -> list[str]:
    return [story.order_id for story in stories]


def _count_charges() -> Counter[str]:
    return Counter(GatewayMovement.objects.filter(kind="CHARGE").values_list("merchant_reference", flat=True))


def _check_named(went_back: Sequence[Story], gone: Sequence[Story], *, with_temporal: bool) -> None:
    """See that `reconcile` names each order that went back and each that is gone, before anything is repaired."""
    run, strange = (Kind.RUN_MISSING, set()) if with_temporal else (Kind.RUN_CLOSED, {Kind.ENDED_ORDER_MISSING})
    expected = {(story.order_id, kind) for story in went_back for kind in (run, "console_has_the_charge")}
    expected |= {(story.order_id, kind) for story in gone for kind in ("gateway_knows_no_stranger", *strange)}

    def are_named() -> bool:
        return expected <= {(each.order_id, each.kind) for each in find_divergences()}

    # What changed a moment ago is not judged yet.
    wait_until(are_named, seconds=30, what=f"the naming of {sorted(expected)}")


OF_RESTORES: Final = (
    Fault("temporal-lost", "Temporal's data is lost under load", lose_temporal),
    Fault("postgres-older", "PostgreSQL is restored from an older copy", restore_postgres, is_last=True),
    Fault(
        "both-older",
        "PostgreSQL is restored from an older copy, and Temporal's data is lost",
        restore_both,
        is_last=True,
    ),
)
