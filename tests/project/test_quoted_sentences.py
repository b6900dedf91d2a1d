"""What the operations page quotes of the console's own sentences is what the console says."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.programs import ROOT

PAGE: Final = (ROOT / "docs" / "operations.md").read_text()
SYMPTOMS: Final = [row.split("|")[1] for row in PAGE.split("### When …")[1].splitlines() if row.startswith("| ")]
# A "…" stands for what differs each time.
PIECES: Final = [
    piece.strip()
    for symptom in SYMPTOMS
    for quoted in re.findall(r'"([^"]+)"', symptom)
    for piece in re.split(r"…|\d+", quoted)
    if piece.strip()
]


def read_sources() -> str:
    folders = ("console", "orders", "workers", "templates", "proxy")
    paths = [
        path for name in folders for path in Path(ROOT, name).rglob("*") if path.suffix in {".py", ".html", ".conf"}
    ]
    return "\n".join(path.read_text() for path in paths)


SOURCES: Final = read_sources()


def test_sentences_are_quoted() -> None:
    assert len(PIECES) >= 8


@pytest.mark.parametrize("piece", PIECES)
def test_the_console_says_it(piece: str) -> None:
    assert piece in SOURCES
