"""Switches guards off, each in a copy of the tree, and expects the suite to notice.

    python -m tests.faults.controls [NAME …]

Most of what can go wrong is kept from happening twice, by the code and by PostgreSQL, say. A control takes away the
guard that it is about together with whatever stands behind it, or nothing would be seen.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.trial import ROOT, Mutant, apply, copied_tree, write_source

SEED: Final = 7
SETTLE_SECONDS: Final = 45
LONGEST_SECONDS: Final = 600
# What the suite says when it has noticed; one that could not run ends with exit code 1 as well.
NOTICED: Final = "something is wrong after"


@dataclass(frozen=True)
class Control:
    """A guard to switch off, by edits of the tree, and the fault that has to notice."""

    name: str
    fault: str
    edits: tuple[Mutant, ...]


def _edit(path: str, old: str, new: str) -> Mutant:
    return Mutant("", path, old, new, ())


# The gateway takes money again for a key that it knows; PostgreSQL would keep its simulated ledger from saying so.
KEY_IS_IGNORED: Final = (
    _edit(
        "orders/payments/gateways/simulated.py",
        "        if known is not None:\n            return known\n        if is_declining(request):",
        "        if is_declining(request):",
    ),
    _edit(
        "orders/migrations/0005_rules_of_money.py",
        '    "gateway_moves_money_once": ("AFTER INSERT", "simulated_gateway_movement", "refuse_false_movement"),\n',
        "",
    ),
    _edit(
        "orders/migrations/0005_rules_of_money.py",
        """DROP_FUNCTIONS = f"DROP FUNCTION {', '.join(function for _, _, function in TRIGGERS.values())}\"""",
        'DROP_FUNCTIONS = "SELECT 1"',
    ),
)
NOT_ASKED_FIRST: Final = _edit(
    "orders/payments/charge.py",
    "known = None if call.is_first else gateway.find(call.request, call.reference)",
    "known = None",
)

CONTROLS: Final = (
    Control(
        "the gateway's idempotency key, and asking before charging", "after-yes", (*KEY_IS_IGNORED, NOT_ASKED_FIRST)
    ),
    Control(
        "the idempotency key of a gateway that is a program, and asking before charging",
        "gateway-fails-after",
        (KEY_IS_IGNORED[0], NOT_ASKED_FIRST),
    ),
    Control(
        "the unique key of a form",
        "same-form",
        (
            _edit(
                "orders/migrations/0002_tables.py",
                """max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "contents_hash",""",
                """max_length=64,
                    ),
                ),
                (
                    "contents_hash",""",
            ),
        ),
    ),
    Control(
        "an event is written once (ON CONFLICT)",
        "release-after-commit",
        (_edit("orders/lifecycle/history.py", "    ON CONFLICT (order_id, key) DO NOTHING\n", ""),),
    ),
    Control(
        "a payment is written once (ON CONFLICT)",
        "worker-killed-after-intent",
        (
            _edit("orders/payments/charge.py", "opened = read_payment(known), []", "opened = None, []"),
            _edit("orders/payments/charge.py", "[insert(payment, unless_known=True)]", "[insert(payment)]"),
        ),
    ),
    Control(
        "the outbox",
        "temporal-away",
        (_edit("orders/engine/relay.py", "outbox.deliver_pending() + handle", "handle"),),
    ),
    Control(
        "the number of approvals that the policy asks for",
        "one-approver",
        (
            _edit("workers/decisions.py", "self.needed = validated.approvals_needed", "self.needed = 1"),
            _edit("orders/lifecycle/decisions.py", "is_enough = given >= order.approvals_needed", "is_enough = True"),
            _edit(
                "orders/migrations/0014_rules_of_approvals.py",
                "    IF given < NEW.approvals_needed THEN\n",
                "    IF FALSE THEN\n",
            ),
        ),
    ),
    Control(
        "the bound of refunds",
        "double-refund",
        (
            _edit("orders/decisions/refunds.py", "    if amount > left:\n", "    if amount > payment.amount:\n"),
            _edit("orders/migrations/0005_rules_of_money.py", " OR given_back > charged.amount THEN", " THEN"),
        ),
    ),
    Control(
        "the row's lock",
        "two-approvers",
        (
            _edit(
                "orders/lifecycle/lookup.py",
                'LOCK: Final = " FOR UPDATE"',
                'LOCK: Final = ""',
            ),
        ),
    ),
)


def try_controls(controls: Sequence[Control], root: Path = ROOT) -> list[str]:
    """Try each control, print what became of it, and return those that the suite did not notice."""
    unnoticed = []
    with copied_tree(root) as tree:
        for control in controls:
            sources = {edit.path: (tree / edit.path).read_text() for edit in control.edits}
            try:
                for edit in control.edits:
                    write_source(tree / edit.path, apply(edit, (tree / edit.path).read_text()))
                seen = _run(tree, control.fault)
            finally:
                for path, source in sources.items():
                    write_source(tree / path, source)
            word = "red" if NOTICED in seen else "GREEN"
            print(f"{word:<6} without {control.name} ({control.fault})", flush=True)
            if NOTICED in seen:
                print(_find_first_complaint(seen), flush=True)
            else:
                print(seen, flush=True)
                unnoticed.append(control.name)
    return unnoticed


def _find_first_complaint(seen: str) -> str:
    return next((line[:160] for line in seen.splitlines() if line.startswith("      ")), "")


def _run(tree: Path, fault: str) -> str:
    """Return what the suite says in this tree."""
    options = ["--fault", fault, "--seed", str(SEED), "--orders", "6", "--races", "18", "--settle", str(SETTLE_SECONDS)]
    command = [sys.executable, "-m", "tests.faults", *options]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=LONGEST_SECONDS)
    return f"{done.stdout}\n{done.stderr}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the controls whose names contain one of the arguments, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.controls", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of a guard's name; all by default")
    names: list[str] = parser.parse_args(arguments).names
    chosen = [control for control in CONTROLS if not names or any(name in control.name for name in names)]
    unnoticed = try_controls(chosen)
    for name in unnoticed:
        print(f"The suite did not notice that this was switched off: {name}", file=sys.stderr)
    return 1 if unnoticed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
