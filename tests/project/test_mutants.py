"""tests.mutants: each mutant still fits the code, and one that no test notices is told."""

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import MUTANTS, main
from tests.mutants.trial import ROOT, Mutant, apply, try_mutants

CODE = "def is_open(hour: int) -> bool:\n    return 9 <= hour < 17\n"
TEST = "from shop import is_open\n\n\ndef test_it() -> None:\n    assert is_open(9)\n    assert not is_open(8)\n"
EARLY = Mutant("it opens at nine", "shop.py", "9 <= hour", "7 <= hour", ("test_shop.py",))
LATE = Mutant("it closes at five", "shop.py", "hour < 17", "hour < 22", ("test_shop.py",))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree of its own, whose tests need none of pytest's plugins and start quickly."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "shop.py").write_text(CODE)
    (tmp_path / "test_shop.py").write_text(TEST)
    return tmp_path


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_fits_the_code_in_one_place(mutant: Mutant) -> None:
    source = (ROOT / mutant.path).read_text()

    changed = apply(mutant, source)

    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    assert mutant.tests
    assert all((ROOT / test).is_file() for test in mutant.tests)


def test_the_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_a_mutant_that_a_test_notices_is_killed(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_mutants([EARLY], shop) == []
    assert "killed     it opens at nine" in capsys.readouterr().out
    assert (shop / "shop.py").read_text() == CODE, "the tree itself stays as it is"


def test_a_mutant_that_no_test_notices_is_told(shop: Path) -> None:
    assert try_mutants([EARLY, LATE], shop) == ["survived: it closes at five (shop.py)"]


def test_a_mutant_that_fits_no_more_is_told(shop: Path) -> None:
    gone = Mutant("it is open on Sundays", "shop.py", "sunday", "", ("test_shop.py",))

    assert try_mutants([gone, EARLY], shop) == ["shop.py: what “it is open on Sundays” takes away is there 0 times"]


def test_tests_that_do_not_run_kill_nothing(shop: Path) -> None:
    lost = Mutant("it is lost", "shop.py", "9 <= hour", "7 <= hour", ("test_lost.py",))

    assert try_mutants([lost], shop) == ["the tests do not pass as they are: exit code 4"]


def test_tests_that_fail_by_themselves_kill_nothing(shop: Path) -> None:
    (shop / "test_shop.py").write_text("def test_it() -> None:\n    assert False\n")

    assert try_mutants([EARLY], shop) == ["the tests do not pass as they are: exit code 1"]


def test_a_name_that_no_mutant_has_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no such guard"]) == 1
    assert "no mutant has such a name" in capsys.readouterr().err
