"""Writes the figures into docs/benchmarks.md, each part between markers of its own."""

import re
from pathlib import Path
from typing import Final

from tests.benchmark.figures import Figure, PartResult
from tests.benchmark.parts import PARTS

ANSWERS: Final = {True: "yes", False: "no", None: ""}


def describe(result: PartResult) -> str:
    """Return the part's table in Markdown."""
    facts = result.machine
    about = f"{facts['at']}, {facts['processors']} processors, Python {facts['python']}."
    rows = [
        f"### {PARTS[result.part]}",
        "",
        f"{about} {result.complaint}".strip(),
        "",
        "| what | measured | target | reached |",
        "|---|---|---|---|",
        *(_row(figure) for figure in result.figures),
    ]
    return "\n".join(rows)


def _row(figure: Figure) -> str:
    value = f"{figure.value:,.0f}" if abs(figure.value) >= 100 else f"{figure.value:.3g}"
    return f"| {figure.name} | {value} {figure.unit}".rstrip() + f" | {figure.target} | {ANSWERS[figure.is_reached]} |"


def write_table(page: Path, result: PartResult) -> None:
    """Put the part's table where the page has it, or at its end."""
    begin, end = f"<!-- {result.part}: begin -->", f"<!-- {result.part}: end -->"
    text, block = page.read_text(), f"{begin}\n{describe(result)}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    replaced, count = pattern.subn(lambda _: block, text)
    page.write_text(replaced if count else f"{text.rstrip()}\n\n{block}\n")
