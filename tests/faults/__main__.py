"""Starts the stack and lets faults happen to it: `python -m tests.faults [--seed N] [--fault NAME …]`.

The seed is printed, and the same one makes people do the same again. Exit code 1 when something was lost, doubled or
stuck, or a rule of `manage.py verify` does not hold.
"""

import argparse
import importlib
import os
import random
import sys
from collections.abc import Sequence

import django

from tests.faults.environment import clean_environment


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="by default a new one")
    parser.add_argument("--fault", nargs="*", default=[], metavar="NAME", help="a part of a fault's name")
    parser.add_argument("--orders", type=int, default=12, help="orders of each fault, at least (%(default)s)")
    parser.add_argument(
        "--settle",
        type=float,
        default=120,
        metavar="SECONDS",
        help="the orders are stuck of which none comes to rest for so long (%(default)s)",
    )
    parser.add_argument("--nemesis", type=int, default=500, help="orders of the nemesis; 500 take ten minutes")
    parser.add_argument("--overload", type=int, default=2000, help="orders before a worker comes (%(default)s)")
    parser.add_argument("--races", type=int, default=200, help="how often two people race (%(default)s)")
    parser.add_argument(
        "--away",
        type=float,
        default=0,
        metavar="SECONDS",
        help="how long Temporal or a receiver is away, a worker halted, at least",
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/faults.md")
    parser.add_argument("--short", action="store_true", help="only the faults of the run in `make test`")
    given = parser.parse_args(arguments)
    print(f"SEED={given.seed}", flush=True)
    os.environ.update(clean_environment())
    django.setup()
    suite = importlib.import_module("tests.faults.suite")  # models can be imported only now
    faults = suite.choose(given.fault, is_short=given.short)
    if not faults:
        parser.error("no fault has such a name")
    scale = suite.Scale(
        seed=given.seed,
        orders=given.orders,
        nemesis=given.nemesis,
        races=given.races,
        overload=given.overload,
        away=given.away,
        settle=given.settle,
    )
    table = importlib.import_module("tests.faults.table")
    results = []
    for result in suite.run(faults, scale):
        results.append(result)
        if given.write:  # at once, so that nothing is forgotten when a later fault breaks the suite
            table.write_table(suite.FAULTS, table.keep([result]))
    bad = [fault.name for fault, verdict in results if not verdict.is_good]
    told = f"something is wrong after {', '.join(bad)}" if bad else "nothing was lost, doubled or stuck"
    print(f"Faults: {len(results)}, SEED={given.seed}: {told}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
