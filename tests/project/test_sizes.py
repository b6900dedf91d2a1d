"""No module of the code is longer than a reader can keep in mind. Ruff bounds the functions."""

from pathlib import Path
from typing import Final

from tests.programs import ROOT

LONGEST: Final = 300


def count_lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_module_is_too_long() -> None:
    paths = [path for top in ("console", "orders", "workers") for path in (ROOT / top).rglob("*.py")]
    modules = {path.relative_to(ROOT).as_posix(): path for path in paths if "migrations" not in path.parts}
    too_long = {name: lines for name, path in modules.items() if (lines := count_lines(path)) > LONGEST}
    assert too_long == {}, "Split these by subject."
