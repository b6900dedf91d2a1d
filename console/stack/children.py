"""The programs of the stack as child processes: started so that they end with the stack, read, and stopped."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Final

from console.stack.notices import NoticeFilter
from console.stack.screen import Screen

PARENT_WATCH: Final = Path(__file__).with_name("parent_watch.py")
LOG_BYTES: Final = 10_000_000
TAIL_LINES: Final = 20


@dataclass(frozen=True)
class Program:
    """What to run, and how it wants to be stopped.

    `stop_turn` orders the stopping, lowest first. `patience` is how many seconds it may take between `stop_signal`
    and `hard_signal`. Programs that are `is_one_shot` do one thing and end. The warnings and errors of those that are
    `is_shown` are shown on the terminal. `user` is the operating system's user that runs it, empty for our own.
    `advice` is a sentence for a person whose program ended unasked.
    """

    name: str
    title: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    is_shown: bool = True
    is_one_shot: bool = False
    user: str = ""
    stop_signal: signal.Signals = signal.SIGTERM
    hard_signal: signal.Signals = signal.SIGKILL
    patience: float = 10.0
    stop_turn: int = 0
    advice: str = ""


class Child:
    """A running program. It has a session of its own, so that the terminal's Ctrl-C reaches the stack alone."""

    def __init__(self, program: Program, *, screen: Screen, on_end: Callable[["Child"], None]) -> None:
        self.program = program
        self.returncode: int | None = None
        self._screen = screen
        self._on_end = on_end
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._notices = NoticeFilter()
        watched = [
            sys.executable,
            "-I",
            "-S",
            str(PARENT_WATCH),
            str(os.getpid()),
            str(int(program.stop_signal)),
            program.user,
        ]
        self._process = subprocess.Popen(
            [*watched, *program.command],
            cwd=program.folder,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._listener = threading.Thread(target=self._listen, name=f"listen-{program.name}", daemon=True)
        self._listener.start()
        threading.Thread(target=self._wait, name=f"wait-{program.name}", daemon=True).start()

    @property
    def is_running(self) -> bool:
        return self.returncode is None

    @property
    def tail(self) -> list[str]:
        return list(self._tail)

    @property
    def explains_itself(self) -> bool:
        """Tell whether its last line is a sentence for people, rather than the end of a traceback."""
        return bool(self._tail) and not any(line.startswith("Traceback ") for line in self._tail)

    @property
    def ending(self) -> str:
        """What happened to it, as a sentence without its full stop."""
        code = self.returncode or 0
        way = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        title = self.program.title
        return f"{title[0].upper()}{title[1:]} ended unexpectedly: {way}"

    def ask_to_stop(self) -> None:
        """Send the signal for a clean stop."""
        self._send(self.program.stop_signal)

    def stop_hard(self) -> None:
        """Send the signal for an immediate stop."""
        self._send(self.program.hard_signal)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.is_running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _wait(self) -> None:
        returncode = self._process.wait()
        self.kill()  # what it may have left of its own children
        self._listener.join(timeout=1)  # its last words, unless somebody else still holds the pipe
        self.returncode = returncode
        self._on_end(self)

    def _listen(self) -> None:
        log = RotatingFileHandler(self.program.log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        stream: IO[str] | None = self._process.stdout
        for line in stream or ():
            text = line.rstrip()
            self._tail.append(text)
            log.emit(logging.makeLogRecord({"msg": text}))
            if self.program.is_shown:
                shown = text if self._screen.is_verbose else self._notices.pick(text)
                if shown is not None:
                    self._screen.show(self.program.name, shown)
        log.close()
