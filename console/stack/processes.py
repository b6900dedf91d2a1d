"""What the operating system knows of a process that is not our child."""

import subprocess
from pathlib import Path
from typing import Final

HAS_PROC: Final = Path("/proc/self/stat").exists()


def started_at(pid: int) -> str:
    """Return a mark of when the process started, empty when there is none; it tells two holders of one id apart."""
    if not HAS_PROC:
        return _ask_ps(pid, "lstart")
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]  # fields 3 and 22 of proc_pid_stat(5)
    return "" if state in "ZX" else started


def command_line(pid: int) -> str:
    """Return the command line of the process, empty when there is none."""
    if not HAS_PROC:
        return _ask_ps(pid, "args")
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
    except OSError:
        return ""


def _ask_ps(pid: int, field: str) -> str:
    command = ["ps", "-o", f"{field}=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
