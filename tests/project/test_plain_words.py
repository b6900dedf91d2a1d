"""Texts, docstrings and documents are plain English; the spelling gate looks for single words, this for phrases."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.programs import ROOT

# Idiom that came from another language, each with what to write instead.
PHRASES: Final = {
    r"makes? no sense": "is invalid",
    r"(is|are) left out": "is ignored, is skipped",
    r"by (itself|themselves)": "automatically, on its own, separately, alone",
    r"all the same": "still, anyway",
    r"is taken in": "is saved, is accepted",
}
SUFFIXES: Final = {".py", ".html", ".md", ".js", ".yml"}
# What was released stays as it was told then, and a migration is never edited.
KEPT: Final = re.compile(r"CHANGELOG\.md|/migrations/|tests/project/test_plain_words\.py|\.min\.js")


def find_texts() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in SUFFIXES and path.is_file() and not KEPT.search(name):
            yield path


@pytest.mark.parametrize("phrase", PHRASES)
def test_it_is_said_plainly(phrase: str) -> None:
    pattern = re.compile(rf"\b{phrase}\b".replace(" ", r"\s+"), re.IGNORECASE)
    found = [path.relative_to(ROOT).as_posix() for path in find_texts() if pattern.search(path.read_text())]
    assert not found, f"Write instead: {PHRASES[phrase]}."


def test_there_are_texts() -> None:
    assert len(list(find_texts())) > 100
