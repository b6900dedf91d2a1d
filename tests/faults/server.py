"""A program of the stack that a fault may kill, stop in its tracks, or start again."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console.stack.children import PARENT_WATCH
from tests.benchmark.machine import find_tree

END_SECONDS = 40


@dataclass
class Server:
    """A program, which ends when the suite does. `user` is the operating system's user that runs it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    user: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self, **changes: str) -> "Server":
        """Start it, with changes to its environment."""
        watched = [sys.executable, "-I", "-S", str(PARENT_WATCH), str(os.getpid()), str(int(signal.SIGKILL)), self.user]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*watched, *self.command],
                cwd=self.folder,
                env={**self.environment, **changes},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        """The process that was started last."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kill it as the kernel does when memory runs out: without a word."""
        if self.is_running:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_for_end()

    def kill_family(self) -> None:
        """Kill it with all that it has started."""
        for pid in find_tree(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.wait_for_end()

    def ask_to_stop(self) -> None:
        """Ask it to stop, and do not wait."""
        if self.is_running:
            os.kill(self.pid, self.stop_signal)

    def stop(self) -> int:
        """Ask it to stop, also where it is halted, and return its exit code; one that does not is killed."""
        if self._process is None:
            return 0
        if self.is_running:
            self.thaw()
            self.ask_to_stop()
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def wait_for_end(self, seconds: float = 60) -> int:
        """Wait until it has ended, for whatever reason. Raises TimeoutExpired."""
        assert self._process is not None
        return self._process.wait(seconds)

    def freeze(self) -> None:
        """Halt it and all that it has started."""
        for pid in find_tree(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        for pid in find_tree(self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Halt it for the block."""
        self.freeze()
        try:
            yield
        finally:
            self.thaw()
