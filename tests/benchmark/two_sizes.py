"""The same reads in a small and in a large database of one server, in turns: what is to cost the same in both."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psycopg
from django.db import connection

from console.desk import tabs
from orders.reading import known_words
from tests.benchmark.figures import Figure
from tests.benchmark.filling import FREQUENT_NAME, NAME_OF_HUNDREDTH, fill

SMALL: Final = "small"
REPEATS: Final = 5
Read = Callable[[], object]


def fill_both(small: int, large: int) -> None:
    """Copy the database that is there, and fill the copy and itself with so many orders."""
    server = connection.settings_dict
    connection.close()
    facts = {"host": server["HOST"], "port": server["PORT"], "user": server["USER"], "dbname": "template1"}
    with psycopg.connect(**facts, autocommit=True) as other:
        other.execute(f"CREATE DATABASE {SMALL} TEMPLATE {server['NAME']}")
    fill(large)
    with small_database():
        fill(small)


def name_of_hundredth() -> str:
    """Return a name of every hundredth order; in the small database one that fills a page there as this one does here.

    Ten rows against a hundred would compare how long rows take to render, which they take in every database.
    """
    return FREQUENT_NAME if connection.settings_dict["NAME"] == SMALL else NAME_OF_HUNDREDTH


@contextmanager
def small_database() -> Iterator[None]:
    """Have all reads within the block go to the small database, with nothing kept from the large one."""
    name = connection.settings_dict["NAME"]
    _go_to(SMALL)
    try:
        yield
    finally:
        _go_to(name)


def _go_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    tabs.forget()
    known_words.forget()


def compare_sizes(make_reads: Callable[[], Mapping[str, Read]], rounds: int, *, target: str = "≤ 1.2") -> list[Figure]:
    """Return, for each read, how many times longer it takes in the large database; `make_reads` is called in both."""
    times: dict[str, list[tuple[float, float]]] = {}
    with small_database():
        small_reads = make_reads()
    large_reads = make_reads()
    for _ in range(rounds):
        for name, read in large_reads.items():
            with small_database():
                small = milliseconds(small_reads[name])
            times.setdefault(name, []).append((small, milliseconds(read)))
    return [_compare(name, pairs, target) for name, pairs in times.items()]


def _compare(name: str, pairs: list[tuple[float, float]], target: str) -> Figure:
    small, large = (round(statistics.median(each), 2) for each in zip(*pairs, strict=True))
    ratio = statistics.median(large / small for small, large in pairs)
    return Figure(name, ratio, "times as long", target, detail={"small_ms": small, "large_ms": large})


def milliseconds(read: Read) -> float:
    """Return the shortest time of some reads, after one to warm up: whatever else the machine does only adds to it."""
    read()
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        read()
        times.append((time.perf_counter() - begin) * 1000)
    return min(times)
