"""Static files: a form of the sources that a diff can show."""

import re
from typing import Final

import pytest

from tests.programs import ROOT

LONGEST: Final = 120
STATIC: Final = ROOT / "static"
STYLES: Final = sorted(path.name for path in STATIC.glob("*.css"))


@pytest.mark.parametrize("name", STYLES)
def test_a_style_has_one_declaration_a_line(name: str) -> None:
    style = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(), flags=re.DOTALL)
    crowded = [line for line in style.splitlines() if len(re.findall("[;{}]", line)) > 1 or len(line) > LONGEST]
    assert crowded == []
