"""What a part of the benchmark finds out, in a shape that can be a row of a table and a line of a JSON file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Scale:
    """How much is measured: orders in the tables, and rounds whose median counts."""

    orders: int = 200_000
    rounds: int = 5


@dataclass(frozen=True)
class Figure:
    """One value: a ratio, a count or a time, with what it should be at most or at least (`target`, such as "≤ 60")."""

    name: str
    value: float
    unit: str = ""
    target: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_reached(self) -> bool | None:
        """Whether the target is reached, or None where there is none."""
        if not self.target:
            return None
        sign, number = self.target.split()[:2]
        return self.value <= float(number) if sign == "≤" else self.value >= float(number)


@dataclass(frozen=True)
class PartResult:
    """What one part found out, and on what kind of machine. `complaint` says why its times should not be judged."""

    part: str
    figures: list[Figure]
    machine: dict[str, Any]
    complaint: str = ""


def write_results(path: Path, results: Sequence[PartResult]) -> None:
    """Write the results into one JSON file; what it holds of other parts stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = json.loads(path.read_text()) if path.exists() else {}
    held |= {result.part: asdict(result) for result in results}
    path.write_text(json.dumps(held, indent=1, ensure_ascii=False) + "\n")


def read_result(path: Path) -> PartResult:
    """Return what a part wrote alone."""
    fields = json.loads(path.read_text())
    return PartResult(**fields | {"figures": [Figure(**each) for each in fields["figures"]]})
