"""The movements of a simulated gateway that runs on its own: an append-only log, a JSON object a line.

Each line is on the disk before anybody is told of it, so the log says how often a customer was charged, whatever was
killed. Nothing of the console writes it.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from orders.payments.gateways.interface import BookEntry, Movements
from orders.payments.gateways.ledgers import Kind, Movement


def read_log(path: Path) -> Iterator[Movement]:
    """Yield the movements of a log. A last line without its end was never answered for, and does not count."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:
        written = json.loads(line)
        written.pop("at")
        yield Movement(**written)


class LogLedger:
    """Keeps movements in a file, and in memory by key; `told` hears of each once it is on the disk."""

    def __init__(self, path: Path, *, told: Callable[[Movement], object] | None = None) -> None:
        self._path, self._told = path, told
        self._lock = threading.RLock()
        self._by_key: dict[str, list[Movement]] = {}
        for movement in read_log(path):
            self._by_key.setdefault(movement.idempotency_key, []).append(movement)
        self._cut_torn_line()

    @contextmanager
    def locked(self, idempotency_key: str) -> Iterator[None]:
        """Let all calls follow one another."""
        with self._lock:
            yield

    def read(self, idempotency_key: str) -> Sequence[Movement]:
        """Return what happened under a key."""
        with self._lock:
            return tuple(self._by_key.get(idempotency_key, ()))

    def add(self, movement: Movement) -> None:
        """Append a line, and wait until it is on the disk."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(), **asdict(movement)}).encode() + b"\n"
        with self._lock, self._path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            self._by_key.setdefault(movement.idempotency_key, []).append(movement)
        if self._told is not None:
            self._told(movement)

    def read_books(self) -> Iterator[BookEntry]:
        """Add up all movements."""
        with self._lock:
            return sum_up(movement for movements in self._by_key.values() for movement in movements)

    def _cut_torn_line(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)


def sum_up(movements: "Iterator[Movement]") -> Iterator[BookEntry]:
    """Return what was taken and given back, order by order."""
    sums = Movements()
    for movement in movements:
        if movement.kind == Kind.CHARGE:
            sums.add(movement.order_id, charged=movement.amount)
        elif movement.kind == Kind.REFUND:
            sums.add(movement.order_id, refunded=movement.amount)
    return sums.entries()
