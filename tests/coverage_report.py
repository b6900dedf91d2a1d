"""Says in a few lines how much of the code a run of all tests ran: `python -m tests.coverage_report`.

Ends with exit code 1 below the floor. What programs that the tests start run is not counted.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coverage import Coverage

ROOT: Final = Path(__file__).resolve().parent.parent
# Percent of all lines. It is there to be raised.
FLOOR: Final = 86.0
# Modules with a smaller share than this are named.
NAMED_BELOW: Final = 80.0


@dataclass(frozen=True)
class Lines:
    """How many lines there are that can run, and how many did."""

    count: int
    ran: int

    @property
    def percent(self) -> float:
        """The share that ran."""
        return 100 * self.ran / self.count if self.count else 100.0


def read_lines(coverage: Coverage) -> dict[str, Lines]:
    """Return the lines of each measured module, by its path in the project."""
    lines = {}
    for path in sorted(coverage.get_data().measured_files()):
        _, statements, _, missing, _ = coverage.analysis2(path)
        lines[Path(path).relative_to(ROOT).as_posix()] = Lines(len(statements), len(statements) - len(missing))
    return lines


def judge(modules: Mapping[str, Lines]) -> tuple[str, bool]:
    """Return what to say of them, and whether all together reach the floor."""
    total = Lines(sum(each.count for each in modules.values()), sum(each.ran for each in modules.values()))
    low = sorted((each.percent, name) for name, each in modules.items() if each.percent < NAMED_BELOW)
    said = [f"Coverage: {total.percent:.1f} % of {total.count:,} lines; at least {FLOOR:.0f} % are wanted."]
    said += [f"  {percent:3.0f} %  {name}" for percent, name in low if percent]
    if untouched := [name for percent, name in low if not percent]:
        said.append(f"  not at all in the tests' own processes: {', '.join(untouched)}")
    return "\n".join(said), total.percent >= FLOOR


def main() -> int:
    """Print what was measured last; return 1 when it is too little."""
    coverage = Coverage()
    coverage.load()
    said, is_enough = judge(read_lines(coverage))
    sys.stdout.write(f"{said}\n")
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main())
