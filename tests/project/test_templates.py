"""Templates can be read without scrolling sideways. djade holds the rest of their form, such as the names of blocks."""

from pathlib import Path
from typing import Final

import pytest

from tests.programs import ROOT

LONGEST: Final = 120
TEMPLATES: Final = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_is_too_long(name: str) -> None:
    lines = Path(ROOT, name).read_text().splitlines()
    assert [number for number, line in enumerate(lines, start=1) if len(line) > LONGEST] == []
