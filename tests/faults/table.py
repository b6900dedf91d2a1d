"""Keeps what became of each fault in one JSON file, and writes the table of docs/faults.md from it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.faults.judgement import Verdict
from tests.faults.stage import Fault

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / "artefacts" / "faults.json"
PAGE: Final = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
HEAD: Final = (
    "| fault | orders | charges | refunds | lost | doubled | stuck | recovered after |",
    "|---|---|---|---|---|---|---|---|",
)


def row_of(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in numbers."""
    return {
        "orders": verdict.orders,
        "charges": verdict.charges,
        "refunds": verdict.refunds,
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "stuck": len(verdict.stuck) + len(verdict.complaints),
        "seconds": round(verdict.seconds, 1),
    }


def keep(results: Sequence[tuple[Fault, Verdict]], path: Path = RESULTS) -> dict[str, Any]:
    """Put these results beside those that are kept of other faults, and return all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    kept |= {fault.name: row_of(verdict) for fault, verdict in results}
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return kept


def write_table(faults: Sequence[Fault], kept: dict[str, Any], page: Path = PAGE) -> None:
    """Put the table of all faults that have a result between the markers of the page."""
    rows = [_row(fault.title, kept[fault.name]) for fault in faults if fault.name in kept]
    block = "\n".join([BEGIN, *HEAD, *rows, END])
    page.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: block, page.read_text(), flags=re.DOTALL))


def _row(title: str, row: dict[str, Any]) -> str:
    numbers = " | ".join(str(row[name]) for name in ("orders", "charges", "refunds", "lost", "doubled", "stuck"))
    return f"| {title} | {numbers} | {row['seconds']:.0f} s |"
