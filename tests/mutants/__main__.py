"""Breaks guards of the code one at a time and runs the tests that are there for them: one of those has to fail.

    python -m tests.mutants [NAME …]

Works on a copy of the tree. Prints what became of each mutant, and ends with exit code 1 when one survived, or when a
mutant fits the code no more. Coverage tells that a line ran; this tells that a test looks at what the line is for.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from tests.mutants.of_captures import OF_CAPTURES
from tests.mutants.of_decisions import OF_DECISIONS
from tests.mutants.of_imports import OF_IMPORTS
from tests.mutants.of_lists import OF_LISTS
from tests.mutants.of_notices import OF_NOTICES
from tests.mutants.of_orders import OF_ORDERS
from tests.mutants.of_programs import OF_PROGRAMS
from tests.mutants.of_schedules import OF_SCHEDULES
from tests.mutants.trial import ROOT, try_mutants

MUTANTS: Final = (
    *OF_CAPTURES,
    *OF_DECISIONS,
    *OF_IMPORTS,
    *OF_LISTS,
    *OF_NOTICES,
    *OF_SCHEDULES,
    *OF_ORDERS,
    *OF_PROGRAMS,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants whose names contain one of the arguments, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of a mutant's name; all by default")
    names: list[str] = parser.parse_args(arguments).names
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.name for name in names)]
    wrong = try_mutants(chosen, ROOT) if chosen else ["no mutant has such a name"]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
