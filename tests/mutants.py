"""Breaks guards of the code one at a time and runs the tests that are there for them: one of those has to fail.

    python -m tests.mutants [NAME …]

Works on a copy of the tree. Prints what became of each mutant, and ends with exit code 1 when one survived, or when a
mutant fits the code no more. Coverage tells that a line ran; this tells that a test looks at what the line is for.
"""

import argparse
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

ROOT: Final = Path(__file__).resolve().parent.parent
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


MUTANTS: Final = (
    Mutant(
        "an API key is compared to its last character",
        "orders/shops/keys.py",
        "if key is None or not hmac.compare_digest(key.digest, _digest(text)):",
        "if key is None:",
        ("tests/orders/shops/test_keys.py",),
    ),
    Mutant(
        "an API key has a limit per minute",
        "orders/shops/keys.py",
        "if calls > key.limit_per_minute:",
        "if calls < 0:",
        ("tests/orders/shops/test_keys.py",),
    ),
    Mutant(
        "a cancellation heard while an order is completed asks the tables",
        "workers/workflows/order.py",
        "if end.may_be_completed and",
        "if False and",
        ("tests/workers/test_local_steps.py",),
    ),
    Mutant(
        "an attempt that still hangs cannot complete an order that the run cancels",
        "orders/decisions/closing.py",
        "        begin_cancelling(order, contracts.ProcessCancellation(command.order_id, *reason))\n",
        "",
        ("tests/orders/lifecycle/test_steps.py",),
    ),
    Mutant(
        "a step that fails locally becomes an activity",
        "workers/workflows/starting.py",
        "            if is_refusal(error):\n",
        "            if error:\n",
        ("tests/workers/test_local_steps.py",),
    ),
    Mutant(
        "a run keeps to the deadline that the row holds",
        "workers/workflows/order.py",
        "read_deadline(validated) or self._deadline",
        "self._deadline",
        ("tests/workers/test_local_steps.py",),
    ),
    Mutant(
        "PostgreSQL refuses to rewrite the history",
        "orders/migrations/0003_rules_of_history.py",
        'APPEND_ONLY = ("orders_orderevent", "simulated_gateway_movement")',
        "APPEND_ONLY = ()",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "PostgreSQL lets a status be passed only where the history tells of it",
        "orders/migrations/0024_written_at_once.py",
        "AND EXISTS (SELECT FROM orders_orderevent WHERE order_id = NEW.id AND kind = 'order.validated')",
        "",
        ("tests/orders/test_states.py",),
    ),
    Mutant(
        "PostgreSQL refuses to charge what nobody approved",
        "orders/migrations/0004_rules_of_orders.py",
        "missing := 'an approval';",
        "missing := NULL;",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "PostgreSQL refuses refunds above the charge",
        "orders/migrations/0005_rules_of_money.py",
        "given_back > charged.amount THEN",
        "given_back > 2 * charged.amount THEN",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "an answer that the order waits serves only while its row says so",
        "console/order/detail.py",
        "seconds if order.is_awaiting_decision else 0",
        "seconds if order.is_open else 0",
        ("tests/console/order/test_order_status.py",),
    ),
    Mutant(
        "nobody is served twice by what others have read",
        "console/shared.py",
        " and reader not in kept.served",
        "",
        ("tests/console/test_shared.py",),
    ),
    Mutant(
        "a row is kept with the list that one came from",
        "console/desk/row_html.py",
        "*(has_ticks, way_back_suffix, is_fragment),",
        '*(has_ticks, "", is_fragment),',
        ("tests/console/desk/test_row_html.py",),
    ),
    Mutant(
        "what a process remembers of a session is only a guess",
        "console/accounts/session_store.py",
        "if data.get(SESSION_KEY) == account_id:",
        "if data:",
        ("tests/console/accounts/test_session_store.py",),
    ),
    Mutant(
        "a deactivated account is signed out at once",
        "console/accounts/session_store.py",
        "if account is None or not account.is_active or",
        "if account is None or",
        ("tests/console/accounts/test_session_store.py",),
    ),
    Mutant(
        "a repeated charge asks the gateway first",
        "orders/payments/charge.py",
        "known = None if call.is_first else gateway.find(call.request, call.reference)",
        "known = None",
        ("tests/orders/payments/test_charge.py",),
    ),
    Mutant(
        "the gateway serves one call for a key at a time",
        "orders/payments/gateways/ledgers.py",
        'cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"gateway:{idempotency_key}"])',
        'cursor.execute("SELECT 1")',
        ("tests/orders/payments/test_gateways.py",),
    ),
    Mutant(
        "the order is looked at again after the parcel was packed",
        "orders/shipping/ship.py",
        """clean_line(find_warehouse().pack(_describe(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order, (shipment,) = _lock_for_shipping(command.order_id, Status.PACKAGE_PREPARED, SHIPMENT)""",
        """clean_line(find_warehouse().pack(_describe(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order, (shipment,) = lock_order_and_ask(command.order_id, SHIPMENT)""",
        ("tests/orders/lifecycle/test_steps.py",),
    ),
    Mutant(
        "the order is looked at again after the carrier took the parcel",
        "orders/shipping/ship.py",
        """clean_line(carrier.book(_describe(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order, _ = _lock_for_shipping(command.order_id, Status.DISPATCHED)""",
        """clean_line(carrier.book(_describe(order, lines)), LONGEST_REFERENCE)
    with transaction.atomic():
        order = lock_open_order(command.order_id)""",
        ("tests/orders/lifecycle/test_steps.py",),
    ),
    Mutant(
        "a used key makes no other order in silence",
        "orders/intake/submission.py",
        "if not asks_for(draft, order) or order_id not in",
        "if order_id not in",
        ("tests/orders/intake/test_idempotency.py",),
    ),
    Mutant(
        "a used key tells nothing to who may not know of its order",
        "orders/intake/submission.py",
        "if not permissions.may_know_of(actor, order):",
        "if False:",
        ("tests/orders/intake/test_idempotency.py",),
    ),
    Mutant(
        "calls fail at once for a moment after the server was found away",
        "orders/engine/temporal_client.py",
        "self._away_until = time.monotonic() + COOL_DOWN_SECONDS",
        "self._away_until = 0.0",
        ("tests/orders/engine/test_temporal_client.py",),
    ),
    Mutant(
        "the row is read again after the workflow was asked",
        "console/order/detail.py",
        "        order = glance_at(order_id, reader=request.user.pk, is_fresh=True)"
        "  # it went on while the workflow was asked\n",
        "        pass\n",
        ("tests/console/order/test_order_status.py",),
    ),
    Mutant(
        "a run has an execution timeout",
        "orders/engine/temporal.py",
        "            execution_timeout=timedelta(seconds=settings.ORDER_WORKFLOW_TIMEOUT),\n",
        "",
        ("tests/orders/engine/test_temporal_client.py",),
    ),
    Mutant(
        "the shipping of a run that is closed from outside is cancelled, not terminated",
        "workers/workflows/starting.py",
        "                parent_close_policy=workflow.ParentClosePolicy.REQUEST_CANCEL,\n",
        "",
        ("tests/workers/test_shipping_workflow.py",),
    ),
    Mutant(
        "one process at a time reconciles",
        "orders/engine/reconcile.py",
        """            if lease is not None:
                reconcile_orders(walk, lease)""",
        """            reconcile_orders(walk, lease)""",
        ("tests/orders/engine/test_leases.py",),
    ),
    Mutant(
        "a message that failed waits before it is tried again",
        "orders/engine/outbox.py",
        """    else:
        message.next_attempt_at = database_now() + sending.back_off(message, failure)
""",
        "",
        ("tests/orders/engine/test_relay.py", "tests/orders/engine/test_outbox.py"),
    ),
    Mutant(
        "a message that failed waits longer each time",
        "orders/engine/sending.py",
        "seconds = min(2.0 ** min(message.attempts, 10), longest)",
        "seconds = 2.0",
        ("tests/orders/engine/test_relay.py",),
    ),
    Mutant(
        "the messages of one order go in their order",
        "orders/engine/outbox.py",
        "OutboxMessage.objects.filter(~Exists(earlier), status=OutboxMessage.Status.PENDING)",
        "OutboxMessage.objects.filter(status=OutboxMessage.Status.PENDING)",
        ("tests/orders/engine/test_outbox.py",),
    ),
    Mutant(
        "a message is sent by one process at a time",
        "orders/engine/outbox.py",
        'messages = _sendable().select_for_update(skip_locked=True, of=("self",)).filter(pk__in=pks)',
        "messages = _sendable().filter(pk__in=pks)",
        ("tests/orders/engine/test_outbox.py",),
    ),
    Mutant(
        "nothing is done to a final order",
        "orders/lifecycle/lookup.py",
        """    order = lock_order(order_id)
    check_is_open(order)
""",
        """    order = lock_order(order_id)
""",
        ("tests/workers/test_activities.py", "tests/orders/lifecycle/test_steps.py"),
    ),
    Mutant(
        "that the guard was busy is not remembered",
        "orders/engine/live_status.py",
        """                if live is not BUSY:
                    self._cache.pop(order_id, None)""",
        """                if True:
                    self._cache.pop(order_id, None)""",
        ("tests/orders/engine/test_live_status.py",),
    ),
    Mutant(
        "whoever decides about an order has its row to themselves",
        "orders/lifecycle/lookup.py",
        'LOCK: Final = " FOR UPDATE"',
        'LOCK: Final = ""',
        ("tests/orders/lifecycle/test_locks.py",),
    ),
    Mutant(
        "an order that costs nothing is not sent to the gateway",
        "orders/payments/charge.py",
        "    if order.is_free or payment.status == Payment.Status.CHARGED:",
        "    if payment.status == Payment.Status.CHARGED:",
        ("tests/orders/payments/test_free_orders.py",),
    ),
    Mutant(
        "the reason of a signal is cut before it is sent on",
        "workers/decisions.py",
        "reason=clean_text(decision.reason),",
        "reason=decision.reason,",
        ("tests/workers/test_decisions.py",),
    ),
    Mutant(
        "no line of the log can be forged",
        "workers/logs.py",
        'handler.setFormatter(LineFormatter(LINE, style="{"))',
        'handler.setFormatter(logging.Formatter(LINE, style="{"))',
        ("tests/workers/test_worker_logs.py",),
    ),
    Mutant(
        "an approval from outside counts only where the settings say so",
        "orders/lifecycle/decisions.py",
        "return None if settings.ACCEPT_OUTSIDE_DECISIONS else RefusalCode.OUTSIDE",
        "return None",
        ("tests/orders/test_outside_decisions.py",),
    ),
    Mutant(
        "an approval from outside never names the submitter",
        "orders/lifecycle/decisions.py",
        "if is_same_name(decision.actor, order.submitted_by):",
        "if False:",
        ("tests/orders/test_outside_decisions.py",),
    ),
    Mutant(
        "a claim takes no decision over that was taken here",
        "orders/lifecycle/decisions.py",
        "channel == Channel.TEMPORAL and order.decision == kind and order.is_decided_here",
        "False",
        ("tests/orders/test_outside_decisions.py",),
    ),
    Mutant(
        "a claim takes no decision over that was taken on another order",
        "orders/lifecycle/decisions.py",
        "if not Decision.objects.filter(decision_id=claimed).exclude(order=order).exists():",
        "if True:",
        ("tests/orders/test_outside_decisions.py",),
    ),
    Mutant(
        "a cancellation stays, whatever approval is learned later",
        "orders/lifecycle/decisions.py",
        "is_claim_of_the_known or (kind == DecisionKind.APPROVE and order.is_cancel_requested)",
        "is_claim_of_the_known",
        ("tests/orders/payments/test_charge.py",),
    ),
    Mutant(
        "an event is written once, however often its step is repeated",
        "orders/lifecycle/history.py",
        "    ON CONFLICT (order_id, key) DO NOTHING\n",
        "",
        ("tests/orders/lifecycle/test_steps.py", "tests/orders/payments/test_charge.py"),
    ),
    Mutant(
        "nobody approves after the deadline",
        "orders/decisions/rules.py",
        "if deadline is not None and deadline <= now:",
        "if False:",
        ("tests/orders/decisions/test_decide.py",),
    ),
    Mutant(
        "PostgreSQL refuses to charge with one of two approvals",
        "orders/migrations/0014_rules_of_approvals.py",
        "IF given < NEW.approvals_needed THEN",
        "IF given < 1 THEN",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "PostgreSQL counts an account once",
        "orders/migrations/0014_rules_of_approvals.py",
        "wrong := 'is by an account that has approved it already';",
        "wrong := NULL;",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "what an order needs stays when it waits",
        "orders/migrations/0014_rules_of_approvals.py",
        "IF (OLD.status, NEW.status) <> ('VALIDATED', 'PENDING_MANUAL_APPROVAL') THEN",
        "IF false THEN",
        ("tests/orders/postgres/test_forgeries.py",),
    ),
    Mutant(
        "the charge waits for the second approval",
        "orders/payments/charge.py",
        "if order.approvals_needed > 1 and not order.is_approved:",
        "if False:",
        ("tests/orders/policy/test_two_approvals.py",),
    ),
    Mutant(
        "one person is no two approvers",
        "orders/decisions/rules.py",
        "(standing.has_approved, Obstacle.APPROVED_BY_YOU),",
        "",
        ("tests/orders/policy/test_two_approvals.py",),
    ),
    Mutant(
        "the workflow counts a name once",
        "workers/decisions.py",
        "(self.is_approved or self._is_by_the_same(decision))",
        "self.is_approved",
        ("tests/workers/test_approvals_that_are_asked_for.py",),
    ),
    Mutant(
        "a signal from outside is no second approval",
        "orders/lifecycle/decisions.py",
        "    if is_bound_to_accounts(order):\n        return RefusalCode.POLICY\n",
        "",
        ("tests/orders/policy/test_two_approvals.py",),
    ),
    Mutant(
        "nobody approves above their limit",
        "orders/decisions/rules.py",
        "(standing.is_above_limit, Obstacle.LIMIT),",
        "",
        ("tests/orders/policy/test_limits.py",),
    ),
    Mutant(
        "a payment stays with the gateway that its row names",
        "orders/payments/gateways/registry.py",
        "    if name not in gateways:\n        raise GatewayMissing(name)\n    return gateways[name]",
        "    return gateways.get(name) or gateway_of_new_payments()",
        ("tests/orders/payments/test_registry.py",),
    ),
    Mutant(
        "a payment is written once",
        "orders/payments/charge.py",
        "    if payment is None:\n        # INSERT",
        "    if True:\n        # INSERT",
        ("tests/orders/payments/test_charge.py",),
    ),
    Mutant(
        "a late answer of the gateway does not bring a cancelled order back",
        "orders/payments/charge.py",
        "    if is_at_or_past(Status(order.status), Status.CANCELLING):\n        write_events",
        "    if False:\n        write_events",
        ("tests/orders/payments/test_charge.py", "tests/orders/payments/test_refund.py"),
    ),
    Mutant(
        "nobody asks for a refund of more than is left",
        "orders/decisions/refunds.py",
        "    left = payment.amount - sum_of_refunds(payment) if payment is not None else 0\n",
        "    left = payment.amount if payment is not None else 0\n",
        ("tests/orders/decisions/test_refunds.py",),
    ),
    Mutant(
        "a refund leaves what other refunds gave back",
        "orders/payments/refund.py",
        "left = payment.amount - sum_of_refunds(payment)",
        "left = payment.amount",
        ("tests/orders/payments/test_refund_facts.py",),
    ),
    Mutant(
        "a charge is undone though its outcome is unknown",
        "workers/workflows/order.py",
        "        self._is_refund_due = True\n",
        "",
        ("tests/workers/test_order_workflow.py",),
    ),
    Mutant(
        "a cancellation wakes an order that waits",
        "workers/workflows/order.py",
        "lambda: decisions.approval is not None or decisions.cancellation is not None,",
        "lambda: decisions.approval is not None,",
        ("tests/workers/test_order_workflow.py",),
    ),
    Mutant(
        "a cancellation ends the step that runs",
        "workers/workflows/order.py",
        "lambda: running.done() or self._decisions.cancellation is not None)",
        "lambda: running.done())",
        ("tests/workers/test_order_workflow.py",),
    ),
    Mutant(
        "a signal that arrives twice counts once",
        "workers/decisions.py",
        "        if earlier is not None:\n",
        "        if False:\n",
        ("tests/workers/test_decisions.py",),
    ),
    Mutant(
        "a decision in the moment of the end is judged by the tables",
        "workers/decisions.py",
        "return Answer.UNDECIDED if self._is_closing else Answer.ACCEPTED",
        "return Answer.ACCEPTED",
        ("tests/workers/test_decisions.py",),
    ),
    Mutant(
        "after an outage all messages are due at once",
        "orders/engine/relay.py",
        "            outbox.wake_all()\n",
        "",
        ("tests/orders/engine/test_relay.py",),
    ),
    Mutant(
        "a decision that Temporal lost is sent again",
        "orders/engine/relay.py",
        "        outbox.send_unanswered_again()\n",
        "",
        ("tests/orders/engine/test_outbox.py", "tests/orders/engine/test_relay.py"),
    ),
)


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the mutants whose names contain one of the arguments, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="a part of a mutant's name; all by default")
    names: list[str] = parser.parse_args(arguments).names
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.name for name in names)]
    wrong = try_mutants(chosen, ROOT) if chosen else ["no mutant has such a name"]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
