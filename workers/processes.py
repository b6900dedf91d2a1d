"""Several worker processes under one parent, which itself has nothing to do with Temporal.

The SDK's runtime does not survive a fork, so children are started as programs of their own. A child ends when the pipe
to its standard input closes: that is how the parent stops it, and what happens when the parent dies. A child
that ends after it has lived a while is replaced; one that ends right after its start would only do so again, so then
all are stopped.
"""

import logging
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

logger = logging.getLogger(__name__)

# A child that lives for less than this is not worth another try.
SHORTEST_LIFE_SECONDS: Final = 10.0
# Children drain within 25 s; one that does not is killed.
STOP_SECONDS: Final = 30.0


@dataclass(frozen=True)
class _Child:
    process: "subprocess.Popen[bytes]"
    started_at: float = field(default_factory=time.monotonic)


class Supervisor:
    """Keeps `count` processes of `command` running until it is told to stop."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = list(command)
        self._count = count
        self._children: list[_Child] = []
        self._events: SimpleQueue[_Child | None] = SimpleQueue()
        self._stop_until: float | None = None
        self._is_clean = True

    def run(self) -> bool:
        """Start the processes, return when the last has ended, and tell whether all ended well and as they should."""
        for _ in range(self._count):
            self._start()
        while self._children:
            try:
                event = self._events.get(timeout=self._stop_until and max(0, self._stop_until - time.monotonic()))
            except Empty:
                logger.error("%d processes did not drain in time; killing them", len(self._children))
                self.kill()
                self._stop_until = None
                continue
            if event is None:
                self._stop()
            else:
                self._take_leave(event)
        return self._is_clean

    def stop(self) -> None:
        """Ask for the end of all processes; safe to call from a signal handler."""
        self._events.put(None)

    def kill(self) -> None:
        for child in self._children:
            child.process.kill()

    def _start(self) -> None:
        child = _Child(subprocess.Popen(self._command, stdin=subprocess.PIPE))
        self._children.append(child)
        threading.Thread(target=self._watch, args=(child,), daemon=True).start()
        logger.info("process %d started", child.process.pid)

    def _watch(self, child: _Child) -> None:
        child.process.wait()
        self._events.put(child)

    def _stop(self) -> None:
        if self._stop_until is None:
            self._stop_until = time.monotonic() + STOP_SECONDS
        for child in self._children:
            if child.process.stdin is not None:
                child.process.stdin.close()

    def _take_leave(self, child: _Child) -> None:
        self._children.remove(child)
        pid, code = child.process.pid, child.process.returncode
        if self._stop_until is not None:
            logger.info("process %d ended with code %d", pid, code)
            self._is_clean = self._is_clean and code == 0
        elif time.monotonic() - child.started_at < SHORTEST_LIFE_SECONDS:
            logger.error("process %d ended with code %d right after it started; stopping the others", pid, code)
            self._is_clean = False
            self._stop()
        else:
            logger.warning("process %d ended with code %d; starting another", pid, code)
            self._start()
