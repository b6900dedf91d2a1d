"""No module of the code is longer than a reader can keep in mind. Ruff bounds the functions."""

from pathlib import Path
from typing import Final

import pytest

from tests.programs import ROOT

LONGEST: Final = 300
# Modules that are still too long, with their lines when they were listed. None of them may grow, and none may be added.
STILL_TOO_LONG: Final = {
    "workers/workflows/order.py": 337,
}


def count_lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def find_modules() -> dict[str, Path]:
    paths = [path for top in ("console", "orders", "workers") for path in (ROOT / top).rglob("*.py")]
    return {path.relative_to(ROOT).as_posix(): path for path in paths if "migrations" not in path.parts}


def test_no_module_is_too_long() -> None:
    bounds = {name: STILL_TOO_LONG.get(name, LONGEST) for name in find_modules()}
    too_long = {name: count_lines(path) for name, path in find_modules().items() if count_lines(path) > bounds[name]}
    assert too_long == {}, "Split these by subject."


@pytest.mark.parametrize("name", STILL_TOO_LONG)
def test_no_exception_outlives_its_need(name: str) -> None:
    path = find_modules().get(name)
    lines = count_lines(path) if path else 0
    assert lines > LONGEST, f"{name} needs no exception any more: take it off the list."
