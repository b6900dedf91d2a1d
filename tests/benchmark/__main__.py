"""Runs parts of the benchmark, writes one JSON file, and the tables of docs/benchmarks.md where that is asked for."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.benchmark.figures import PartResult, Scale, read_result, write_results
from tests.benchmark.parts import PARTS
from tests.benchmark.table import describe, write_table

ROOT: Final = Path(__file__).resolve().parents[2]
RESULTS: Final = ROOT / "artefacts" / "benchmark.json"
PAGE: Final = ROOT / "docs" / "benchmarks.md"


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; without one, all")
    parser.add_argument("--orders", type=int, default=Scale.orders, help="orders in the tables (%(default)s)")
    parser.add_argument("--rounds", type=int, default=Scale.rounds, help="rounds of each comparison (%(default)s)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    given = parser.parse_args()
    if unknown := [part for part in given.parts if part not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    for part in given.parts or PARTS:
        result = _run_part(part, Scale(given.orders, given.rounds))
        write_results(RESULTS, [result])
        print(describe(result), flush=True)
        if given.write:
            write_table(PAGE, result)
    print(f"\nAll figures are in {RESULTS.relative_to(ROOT)}.")


def _run_part(part: str, scale: Scale) -> PartResult:
    """Run a part in a process of its own, as Django is set up once in each. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.json"
        arguments = [part, str(path), str(scale.orders), str(scale.rounds)]
        subprocess.run([sys.executable, "-m", "tests.benchmark.part", *arguments], cwd=ROOT, check=True)
        return read_result(path)


if __name__ == "__main__":
    main()
