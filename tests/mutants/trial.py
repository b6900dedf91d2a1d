"""Takes guards away on a copy of the tree, one at a time: one of the tests that are there for each has to fail."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
# What a copy of the tree does without.
LEFT_OUT: Final = (".git", ".venv", ".stack", "artefacts", "staticfiles", "__pycache__", ".*_cache")
# Exit codes of pytest: https://docs.pytest.org/en/stable/reference/exit-codes.html
PASSED: Final = 0
FAILED: Final = 1
LONGEST_SECONDS: Final = 300


@dataclass(frozen=True)
class Mutant:
    """One guard that is taken away: `old`, which stands once in the file `path`, becomes `new`."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


def apply(mutant: Mutant, source: str) -> str:
    """Return the source with the mutant in it. Raises ValueError unless it fits in exactly one place."""
    count = source.count(mutant.old)
    if count != 1:
        raise ValueError(f"{mutant.path}: what “{mutant.name}” takes away is there {count} times")
    return source.replace(mutant.old, mutant.new)


@contextmanager
def copied_tree(root: Path) -> Iterator[Path]:
    """Copy the tree to a folder that goes away, and yield that."""
    with tempfile.TemporaryDirectory(prefix="console-mutants-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder, "tree")
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield copy


def run_tests(
    folder: Path,
    tests: Sequence[str],
    *,
    output: int | None = subprocess.DEVNULL,
    seconds: float | None = LONGEST_SECONDS,
) -> int:
    """Run the tests in that folder until one fails, and return pytest's exit code.

    `output` is subprocess's; None shows what the tests say. `seconds` bound the run, None for any time.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]
    environment = dict(os.environ)
    environment.pop("DJANGO_SETTINGS_MODULE", None)  # the folder's own configuration names its settings
    try:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, timeout=seconds)
    except subprocess.TimeoutExpired:  # what hangs without the guard is noticed
        return FAILED
    return done.returncode


def try_mutants(mutants: Sequence[Mutant], root: Path) -> list[str]:
    """Try each mutant on a copy of `root`, print what became of it, and return what is wrong."""
    wrong: list[str] = []
    with copied_tree(root) as tree:
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        if (code := run_tests(tree, tests, output=None, seconds=None)) != PASSED:
            return [f"the tests do not pass as they are: exit code {code}"]
        for mutant in mutants:
            verdict = _try(mutant, tree)
            print(f"{verdict:<10} {mutant.name}", flush=True)
            if verdict == "survived":
                wrong.append(f"survived: {mutant.name} ({mutant.path})")
            elif verdict != "killed":
                wrong.append(verdict)
    return wrong


def _try(mutant: Mutant, tree: Path) -> str:
    """Return killed, survived, or what went wrong."""
    path = tree / mutant.path
    source = path.read_text()
    try:
        write_source(path, apply(mutant, source))
        code = run_tests(tree, mutant.tests)
    except ValueError as error:
        return str(error)
    finally:
        write_source(path, source)
    return {PASSED: "survived", FAILED: "killed"}.get(code, f"exit code {code}")


def write_source(path: Path, source: str) -> None:
    """Write a source that Python recompiles even if its size and time stamp stay the same."""
    earlier = path.stat().st_mtime
    path.write_text(source)
    os.utime(path, times=(earlier + 2, earlier + 2))
