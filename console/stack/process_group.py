"""Starts child processes, waits until they are ready, watches them, and stops them all on a signal or a failure."""

import queue
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from console.stack.children import Child, Program
from console.stack.errors import StackError
from console.stack.pid_file import PidFile
from console.stack.screen import Screen

STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROBE_SECONDS: Final = 0.1
# One wish to stop may arrive twice: `timeout` and `make` both pass a signal on that the whole group has got already.
ECHO_SECONDS: Final = 1.0
HARD_SECONDS: Final = 5.0


class StopRequested(Exception):
    """Somebody asked the stack to stop."""


class ChildEnded(StackError):
    """A child ended that should have gone on."""

    def __init__(self, child: Child) -> None:
        sentences = f"{child.ending}. {child.program.advice}".strip()
        super().__init__("\n".join([sentences, *last_lines(child)]))
        self.child = child


def last_lines(child: Child) -> list[str]:
    """Return the child's last words, each indented, under a heading; nothing when it said nothing."""
    return [f"The last lines of {child.program.log}:", *(f"    {line}" for line in child.tail)] if child.tail else []


class ProcessGroup:
    """The children of one stack. Everything happens in the thread that made it, which hears of events by a queue."""

    def __init__(self, screen: Screen, pid_file: PidFile) -> None:
        self._screen = screen
        self._pid_file = pid_file
        self._events: queue.SimpleQueue[Child | signal.Signals] = queue.SimpleQueue()
        self._children: list[Child] = []
        self._stop_asked_at: float | None = None
        self._is_impatient = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear the signals that ask to stop, until the block ends."""
        before = {number: signal.signal(number, self._hear) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, program: Program) -> Child:
        """Start a child. One that `is_one_shot` is waited for with `wait_for_end`, every other is to go on."""
        child = Child(program, screen=self._screen, on_end=self._events.put)
        self._children.append(child)
        self._pid_file.write({each.pid: each.program.name for each in self._children})
        return child

    def wait_for_end(self, child: Child, *, seconds: float) -> None:
        """Wait until a child that does one thing has done it. Raises StackError when it fails or takes too long."""
        if not self.has_ended_within(child, seconds=seconds):
            raise StackError(f"{child.program.title} took longer than {seconds:.0f} s. See {child.program.log}.")
        if child.returncode and child.explains_itself:
            raise StackError(child.tail[-1])
        if child.returncode:
            raise ChildEnded(child)

    def has_ended_within(self, child: Child, *, seconds: float) -> bool:
        """Wait for the end of a child that does one thing; tell whether it came within `seconds`.

        Raises ChildEnded for another child's end, StopRequested.
        """
        deadline = time.monotonic() + seconds
        while child.is_running and time.monotonic() < deadline:
            self._handle_next(PROBE_SECONDS)
        return not child.is_running

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float, complaint: str) -> None:
        """Wait until `is_ready()`, asked ten times a second. One-shot children may end while it waits.

        Raises StackError with `complaint` after `seconds`, ChildEnded, StopRequested.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if time.monotonic() > deadline:
                raise StackError(complaint)
            self._handle_next(PROBE_SECONDS)

    def watch(self) -> None:
        """Watch the children for ever. Raises ChildEnded or StopRequested."""
        while True:
            self._handle_next(None)

    def stop_all(self) -> bool:
        """Stop every child in its turn, each within its patience; a further signal leaves them no time.

        Return whether any was started at all.
        """
        self._stop_asked_at = self._stop_asked_at or time.monotonic()
        running = [child for child in self._children if child.is_running]
        for child in sorted(running, key=lambda child: child.program.stop_turn):
            self._screen.say(f"Stopping {child.program.title}")
            self._stop(child)
        self._pid_file.remove()
        return bool(self._children)

    def _stop(self, child: Child) -> None:
        child.ask_to_stop()
        if not self._has_ended(child, seconds=child.program.patience):
            self._screen.say(f"Killing {child.program.title}")
            child.stop_hard()
            if not self._has_ended(child, seconds=HARD_SECONDS, is_final=True):
                child.kill()
                self._has_ended(child, seconds=HARD_SECONDS, is_final=True)

    def _has_ended(self, child: Child, *, seconds: float, is_final: bool = False) -> bool:
        """Wait for the child's end, unless somebody gets impatient and it is not `is_final`."""
        deadline = time.monotonic() + seconds
        while child.is_running and (is_final or not self._is_impatient):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            event = self._next_event(remaining)
            if isinstance(event, signal.Signals):
                self._note_signal()
        return not child.is_running

    def _handle_next(self, timeout: float | None) -> None:
        event = self._next_event(timeout)
        if isinstance(event, signal.Signals):
            self._note_signal()
            raise StopRequested(event.name)
        if event is not None and not event.program.is_one_shot:
            raise ChildEnded(event)

    def _next_event(self, timeout: float | None) -> Child | signal.Signals | None:
        try:
            return self._events.get(timeout=timeout)
        except queue.Empty:
            return None

    def _note_signal(self) -> None:
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()
        elif time.monotonic() > self._stop_asked_at + ECHO_SECONDS:
            self._is_impatient = True

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._events.put(signal.Signals(number))
