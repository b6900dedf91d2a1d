"""The ids of the stack's running child processes, so that the next start can stop any that a killed stack orphaned.

Each id is kept with the time at which its process started, so another process that got the same id later is never
mistaken for ours.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from console.stack.errors import StackError
from console.stack.processes import started_at
from console.stack.screen import Screen

PATIENCE_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 0.1


class PidFile:
    """The record of running children in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, names: Mapping[int, str]) -> None:
        """Record the processes of this run: names by process id."""
        record = [{"pid": pid, "name": name, "started": started_at(pid)} for pid, name in names.items()]
        self._path.write_text(json.dumps(record))

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def stop_orphans(self, screen: Screen) -> None:
        """Stop the processes an earlier run left behind. Raises StackError when one does not end."""
        left = self._alive()
        if not left:
            return
        screen.say(f"Stopping processes left by an earlier run: {', '.join(sorted(left.values()))}")
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.killpg(pid, number)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while time.monotonic() < deadline:  # not our children, so nobody tells us of their end
                left = self._alive()
                if not left:
                    return
                time.sleep(PROBE_SECONDS)
        names = ", ".join(f"{name} (process {pid})" for pid, name in left.items())
        raise StackError(f"An earlier run left {names}, which did not stop. Stop it yourself and run again.")

    def _alive(self) -> dict[int, str]:
        try:
            record = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return {each["pid"]: each["name"] for each in record if started_at(each["pid"]) == each["started"] != ""}
