"""`manage.py verify`: are all invariants true of all tables and of the gateway's and the carrier's books?"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from orders.errors import OrderError
from orders.management.terminal import failing_in_sentences
from orders.proof.labels import describe_verdict
from orders.proof.payment import check_proof
from orders.proof.verdict import SOUND
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
        parser.add_argument(
            "--proof", metavar="FILE", help="check the file of a payment proof instead; needs no database"
        )
        parser.add_argument("--json", action="store_true", help="print JSON, with up to 1,000 ids for each rule")

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and print. Exit code 1 when an invariant does not hold."""
        if options["proof"]:
            self._check_proof(Path(options["proof"]))
            return
        with failing_in_sentences():
            found = verify_orders()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
        else:
            self._print(found)
        if found.broken:
            raise CommandError(f"{len(found.broken)} of {found.invariants} rules do not hold.")

    def _check_proof(self, file: Path) -> None:
        try:
            proof = json.loads(file.read_text())
            verdict = check_proof(proof)
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} cannot be read as a payment proof: {error}") from error
        except OrderError as error:
            raise CommandError(str(error)) from error
        order = proof["order"]
        self.stdout.write(f"{order['order_id']}  {describe_verdict(verdict, order['currency'])}.")
        self.stdout.write(f"The file is as it was made at {proof['made_at']}.")
        if verdict.code not in SOUND:
            raise CommandError("This payment needs a person.")

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
