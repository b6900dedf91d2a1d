"""`manage.py reconcile`: where tables, Temporal, gateway and carrier diverge; with --repair, brings them together."""

import json
import time
from argparse import ArgumentParser
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from orders.engine import outbox, temporal_client
from orders.engine.reconcile import LEASE, LEASE_SECONDS, reconcile_orders
from orders.errors import OrderError
from orders.inbox.handle import handle_events
from orders.management.terminal import failing_in_sentences
from orders.postgres.leases import hold_lease
from orders.proof.divergences import Divergence, find_divergences

# A round of the reconciler in the workers takes seconds, and then its lease is free.
LEASE_PATIENCE_SECONDS: Final = 30.0
LEASE_EVERY_SECONDS: Final = 0.5


class Command(BaseCommand):
    """Names each divergence, and has those repaired that a program can judge."""

    help = (
        "Compares all orders with Temporal's runs and with the gateway's and carrier's records, and names each "
        "divergence. With --repair it does what the reconciler in the workers does all the time: it starts missing "
        "runs from what the tables say, ends runs that are left over and sends stuck messages. It charges nobody. "
        "Exit codes: 0 nothing diverges, 1 something does (after a repair: still), 2 wrong usage."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="repair what a program can judge")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Find, repair where asked for, and print. Exit code 1 when something diverges."""
        try:
            with failing_in_sentences():
                found = find_divergences()
                repaired = _repair() if options["repair"] and found else 0
                left = find_divergences() if repaired else found
        finally:
            temporal_client.close()
        if options["json"]:
            self.stdout.write(json.dumps({"found": _list(found), "repaired": repaired, "left": _list(left)}))
        else:
            self._print(found, repaired, is_repair=options["repair"])
        if left:
            raise CommandError(f"Divergences: {len(left)}.")

    def _print(self, found: list[Divergence], repaired: int, *, is_repair: bool) -> None:
        for each in found:
            then = "repaired automatically" if each.is_repaired else "needs a person"
            self.stdout.write(f"{each.order_id}  {each.status or '-'}  {each.kind}: {each.sentence} ({then})")
        if is_repair:
            self.stdout.write(f"Orders repaired: {repaired}. New runs need the workers to go on.")
        elif not found:
            self.stdout.write("Nothing diverges.")


def _list(found: list[Divergence]) -> list[dict[str, Any]]:
    return [{**vars(each), "sentence": each.sentence, "is_repaired": each.is_repaired} for each in found]


def _repair() -> int:
    """Do one round of the reconciler, once the one in the workers is not in the middle of its own."""
    outbox.wake_all()
    outbox.send_unanswered_again()
    end = time.monotonic() + LEASE_PATIENCE_SECONDS
    while True:
        with hold_lease(LEASE, seconds=LEASE_SECONDS) as lease:
            if lease is not None:
                sent = outbox.deliver_pending()
                return sent + handle_events() + reconcile_orders(lease=lease)
        if time.monotonic() > end:
            raise OrderError("The reconciler in the workers is in the middle of a round. Try again in a minute.")
        time.sleep(LEASE_EVERY_SECONDS)
