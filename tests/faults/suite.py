"""Runs faults on one stack, one after another, and prints a row for each."""

import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import connection

from orders.engine import temporal_client
from tests.faults.judgement import Verdict
from tests.faults.of_decisions import OF_DECISIONS
from tests.faults.of_postgres import OF_POSTGRES
from tests.faults.of_temporal import OF_TEMPORAL
from tests.faults.of_workers import OF_WORKERS
from tests.faults.stack import FaultStack, prepared_stack
from tests.faults.stage import Fault, Stage

FAULTS: Final[Sequence[Fault]] = (*OF_WORKERS, *OF_TEMPORAL, *OF_POSTGRES, *OF_DECISIONS)


def choose(names: Sequence[str], *, is_short: bool) -> list[Fault]:
    """Return the faults with one of these words in their names, or all; of a short run only its own."""
    return [
        fault
        for fault in FAULTS
        if (not names or any(name in fault.name for name in names)) and (fault.is_short or not is_short)
    ]


def run(faults: Sequence[Fault], *, seed: int, orders: int, settle: float) -> list[tuple[Fault, Verdict]]:
    """Let each fault happen on one stack, and judge it. The seed and the fault's name say what people do."""
    with prepared_stack() as stack:
        results = [(fault, _run_one(stack, fault, f"{seed}/{fault.name}", orders, settle)) for fault in faults]
        connection.close()
        temporal_client.close()
    return results


def _run_one(stack: FaultStack, fault: Fault, seed: str, orders: int, settle: float) -> Verdict:
    stage = Stage(stack, random.Random(seed), orders)
    begin = time.monotonic()
    stack.heal()
    failure = ""
    try:
        fault.act(stage)
    except (AssertionError, subprocess.SubprocessError) as error:
        failure = f"{type(error).__name__}: {error}"
    verdict = stage.judge(seconds=settle)
    if failure:
        verdict = replace(verdict, complaints=(failure, *verdict.complaints))
    print(describe(fault, verdict, time.monotonic() - begin), flush=True)
    return verdict


def describe(fault: Fault, verdict: Verdict, seconds: float) -> str:
    """Return a line, and what is wrong below it."""
    word = "good" if verdict.is_good else "BAD"
    line = (
        f"{word:<5} {fault.name:<34} {verdict.orders:>4} orders {verdict.charges:>4} charges {verdict.refunds:>3} "
        f"refunds   recovered in {verdict.seconds:5.1f} s, all in {seconds:5.1f} s"
    )
    wrong = {"lost": verdict.lost, "doubled": verdict.doubled, "stuck": verdict.stuck, "wrong": verdict.complaints}
    return "\n".join([line, *(f"      {kind}: {each}" for kind, found in wrong.items() for each in found)])
