"""Checks every invariant against all tables, each in one statement, all on one snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from orders.postgres.clock import database_now
from orders.postgres.limits import UNLIMITED
from orders.proof.invariant import Invariant
from orders.proof.of_books import OF_BOOKS
from orders.proof.of_money import OF_MONEY
from orders.proof.of_orders import OF_ORDERS

INVARIANTS: Final[Sequence[Invariant]] = (*OF_ORDERS, *OF_MONEY, *OF_BOOKS)
# Of what breaks an invariant so many ids are named; the count is of all.
MOST_IDS: Final = 1000
# What is under way has this long to come to its end before it counts as left over.
SETTLED_AFTER: Final = timedelta(minutes=2)
# Sorts and hashes of all orders in memory, by two workers beside the session's own process.
FOR_WHOLE_TABLES: Final = (
    "SET LOCAL work_mem = '128MB'",
    "SET LOCAL max_parallel_workers_per_gather = 2",
    "SET LOCAL jit = off",
)


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold: for how many, and the first of them."""

    code: str
    sentence: str
    count: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Verification:
    """What was verified, and what does not hold."""

    orders: int
    invariants: int
    broken: tuple[Broken, ...]


def verify_orders(*, settled_after: timedelta = SETTLED_AFTER) -> Verification:
    """Check all invariants on one snapshot; meant for the terminal, as it reads every table."""
    with _whole_tables():
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM orders_order")
            (orders,) = cursor.fetchone()
        broken = tuple(_check_all(INVARIANTS, settled_after))
    return Verification(orders, len(INVARIANTS), broken)


def check_invariants(invariants: Sequence[Invariant]) -> list[Broken]:
    """Check these invariants alone, on one snapshot."""
    with _whole_tables():
        return list(_check_all(invariants, SETTLED_AFTER))


def _check_all(invariants: Sequence[Invariant], settled_after: timedelta) -> Iterator[Broken]:
    settled = database_now() - settled_after
    return (found for invariant in invariants if (found := _check(invariant, settled)) is not None)


def _check(invariant: Invariant, settled: datetime) -> Broken | None:
    statement = f"WITH found (id) AS ({invariant.query}) SELECT DISTINCT id, count(*) OVER () FROM found"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, count(*) OVER () FROM ({statement}) AS each (id, _) ORDER BY id LIMIT {MOST_IDS}",
            {"settled": settled},
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    return Broken(invariant.code, invariant.sentence, rows[0][1], tuple(row[0] for row in rows))


@contextmanager
def _whole_tables() -> Iterator[None]:
    """Read as of one moment and for as long as it takes, unless a transaction is under way already."""
    is_within = connection.in_atomic_block
    database: Any = connection
    limits = database.limits
    database.limit(UNLIMITED)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if not is_within:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for statement in FOR_WHOLE_TABLES:
                cursor.execute(statement)
            yield
    finally:
        database.limit(limits)
