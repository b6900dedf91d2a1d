"""`manage.py verify`: are all invariants true of all tables and of the gateway's and the carrier's books?"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from orders.postgres.faults import describe_error
from orders.proof.verify import INVARIANTS, Broken, Verification, verify_orders

# So many ids are printed for people; --json has more.
SHOWN: Final = 10


class Command(BaseCommand):
    """Checks every invariant, and names what breaks it."""

    help = (
        "Checks that nothing was lost and that money moved once, by rules over all tables and the gateway's and "
        "carrier's own records. Exit codes: 0 all hold, 1 one does not (its orders are named), 2 wrong usage."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON, with up to 1,000 ids for each rule")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and print. Exit code 1 when an invariant does not hold."""
        try:
            found = verify_orders()
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(describe_error(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
        else:
            self._print(found)
        if found.broken:
            raise CommandError(f"{len(found.broken)} of {found.invariants} rules do not hold.")

    def _print(self, found: Verification) -> None:
        broken = {each.code: each for each in found.broken}
        for invariant in INVARIANTS:
            self.stdout.write(f"{'BROKEN' if invariant.code in broken else 'holds'}  {invariant.sentence}")
            if invariant.code in broken:
                self.stdout.write(f"        {_name(broken[invariant.code])}")
        if not found.broken:
            self.stdout.write(f"All {found.invariants} rules hold. Orders checked: {found.orders:,}.")


def _name(broken: Broken) -> str:
    """Return the first ids that break a rule, and how many there are."""
    more = broken.count - min(broken.count, SHOWN)
    return f"{', '.join(broken.ids[:SHOWN])}{f' and {more:,} more' if more else ''}"
