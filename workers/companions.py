"""The threads beside the workers: they are started, watched and stopped here.

A companion that ends unexpectedly, or gives no sign of life for long, ends the process: a worker without its relay
looks well and is not.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

from django.db import connections

from orders.engine import companions

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS: Final = 1.0
JOIN_SECONDS: Final = 5.0

Target = Callable[[threading.Event], None]


class CompanionEnded(Exception):
    """A companion ended unexpectedly or hangs, so the process must stop."""


class Companions:
    """Runs each target in a thread of its own until `stop`."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._ended: list[str] = []
        self._threads: list[threading.Thread] = []

    def start(self, targets: Mapping[str, Target]) -> None:
        for name, target in targets.items():
            thread = threading.Thread(target=self._run, args=(name, target), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    async def watch(self) -> None:
        """Look after the threads until cancelled. Raises CompanionEnded."""
        while True:
            if self._ended:
                raise CompanionEnded(f"The companion {self._ended[0]} has ended unexpectedly.")
            for found in companions.look_at_companions():
                if found.is_hanging:
                    silence = f"{found.seconds_since_beat:.0f} s"
                    raise CompanionEnded(f"The companion {found.name} has shown no sign of life for {silence}.")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        """Wait a moment for the threads' ends."""
        for thread in self._threads:
            thread.join(timeout=JOIN_SECONDS)

    def _run(self, name: str, target: Target) -> None:
        """Be the thread. Whatever ends it too early is logged, also what is no ordinary exception."""
        try:
            target(self._stop)
        except BaseException:
            logger.critical("the companion %s ends", name, exc_info=True)
        finally:
            connections.close_all()
            if not self._stop.is_set():
                self._ended.append(name)
