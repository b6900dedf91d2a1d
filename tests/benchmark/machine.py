"""The machine under the benchmark: what processes cost, and whether others keep it busy."""

import os
import platform
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

LOOK_SECONDS: Final = 2.0
# The share of all processors that others may take, or the hypervisor (steal), before times mean nothing.
BUSY_SHARE: Final = 0.15
TICKS: Final = os.sysconf("SC_CLK_TCK")


class Machine:
    """Looks at the machine before a part and after it, while nothing of the part runs."""

    def __init__(self) -> None:
        self._shares = [_look()]

    def look_again(self) -> None:
        """Look once more."""
        self._shares.append(_look())

    @property
    def facts(self) -> dict[str, Any]:
        """What a reader of the figures should know."""
        busy, stolen = (max(share[index] for share in self._shares) for index in (0, 1))
        return {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "busy_share_of_others": round(busy, 2),
            "stolen_share": round(stolen, 2),
            "at": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        }

    @property
    def complaint(self) -> str:
        """Why times of this run should not be judged, or an empty text."""
        facts = self.facts
        if facts["busy_share_of_others"] <= BUSY_SHARE and facts["stolen_share"] <= BUSY_SHARE:
            return ""
        share = max(facts["busy_share_of_others"], facts["stolen_share"])
        return f"The machine is too busy to judge times: others took {share:.0%} of it."


def _look() -> tuple[float, float]:
    """Return the share of the machine that is in use now, and the share that the hypervisor withholds."""
    before = _read_processors()
    time.sleep(LOOK_SECONDS)
    spent = [after - earlier for after, earlier in zip(_read_processors(), before, strict=True)]
    # user, nice, system, idle, iowait, irq, softirq, steal
    everything = sum(spent[:8]) or 1
    return 1 - (spent[3] + spent[4]) / everything, spent[7] / everything


def _read_processors() -> list[int]:
    return [int(number) for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]


def find_tree(pid: int) -> list[int]:
    """Return this process and all that it has started, directly or not."""
    found = [pid]
    for each in found:
        for thread in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found.extend(int(child) for child in thread.read_text().split())
            except OSError:
                continue
    return found


def cpu_milliseconds(pids: Iterable[int]) -> float:
    """Return what these processes have used so far, with their children that have ended."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total * 1000 / TICKS


def memory_megabytes(pids: Iterable[int]) -> float:
    """Return what these processes hold for themselves and share in part (PSS)."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024
