"""tests.coverage_report: a run that runs too little of the code is told so."""

import pytest

from tests import coverage_report
from tests.coverage_report import Lines, judge


def test_a_run_above_the_floor_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_report, "FLOOR", 90.0)

    said, is_enough = judge({"orders/money.py": Lines(50, 50), "orders/texts.py": Lines(50, 45)})

    assert is_enough
    assert said == "Coverage: 95.0 % of 100 lines; at least 90 % are wanted."


def test_a_run_below_the_floor_names_the_modules_that_are_low(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage_report, "FLOOR", 90.0)

    said, is_enough = judge(
        {"console/probe.py": Lines(10, 0), "orders/money.py": Lines(50, 50), "orders/texts.py": Lines(50, 30)}
    )

    assert not is_enough
    assert said.splitlines()[1:] == [
        "   60 %  orders/texts.py",
        "  not at all in the tests' own processes: console/probe.py",
    ]


def test_a_module_without_lines_counts_for_nothing() -> None:
    assert judge({"orders/__init__.py": Lines(0, 0)})[1]
