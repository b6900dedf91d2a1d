"""Runs faults on one stack, one after another, and prints a row for each."""

import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from django.db import connection

from orders.engine import temporal_client
from tests.faults.judgement import Verdict
from tests.faults.of_captures import OF_CAPTURES
from tests.faults.of_chance import OF_CHANCE
from tests.faults.of_decisions import OF_DECISIONS
from tests.faults.of_deploys import OF_DEPLOYS
from tests.faults.of_disks import OF_DISKS, small_disk
from tests.faults.of_events import OF_EVENTS
from tests.faults.of_gateway import OF_GATEWAY
from tests.faults.of_imports import OF_IMPORTS
from tests.faults.of_load import OF_LOAD
from tests.faults.of_people import OF_PEOPLE
from tests.faults.of_postgres import OF_POSTGRES
from tests.faults.of_refunds import OF_REFUNDS
from tests.faults.of_restores import OF_RESTORES
from tests.faults.of_temporal import OF_TEMPORAL
from tests.faults.of_web import OF_WEB
from tests.faults.of_webhooks import OF_WEBHOOKS
from tests.faults.of_workers import OF_WORKERS
from tests.faults.stack import FaultStack, prepared_stack
from tests.faults.stage import Fault, Stage

FAULTS: Final[Sequence[Fault]] = (
    *OF_WORKERS,
    *OF_GATEWAY,
    *OF_EVENTS,
    *OF_CAPTURES,
    *OF_TEMPORAL,
    *OF_POSTGRES,
    *OF_DECISIONS,
    *OF_REFUNDS,
    *OF_WEB,
    *OF_IMPORTS,
    *OF_WEBHOOKS,
    *OF_PEOPLE,
    *OF_DEPLOYS,
    *OF_DISKS,
    *OF_LOAD,
    *OF_CHANCE,
    *OF_RESTORES,
)


def choose(names: Sequence[str], *, is_short: bool) -> list[Fault]:
    """Return the faults with one of these words in their names, or all; of a short run only its own."""
    named = [fault for fault in FAULTS if not names or any(name in fault.name for name in names)]
    for fault in named:
        if not fault.can_happen:
            print(f"skipped {fault.name}: a program that it needs is not installed")
    chosen = [fault for fault in named if fault.can_happen]
    return sorted((fault for fault in chosen if fault.is_short or not is_short), key=lambda fault: fault.is_last)


@dataclass(frozen=True)
class Scale:
    """How much happens: what people do follows from the seed, and there are so many orders for each fault."""

    seed: int
    orders: int
    nemesis: int
    races: int
    overload: int
    away: float
    settle: float


def run(faults: Sequence[Fault], scale: Scale) -> Iterator[tuple[Fault, Verdict]]:
    """Let each fault happen on one stack, or on one of its own, or on one with a small disk, and judge it."""
    for kind in ((False, False), (False, True), (True, False)):
        chosen = [fault for fault in faults if (fault.needs_small_disk, fault.is_alone) == kind]
        with small_disk() if chosen and chosen[0].needs_small_disk else nullcontext() as place:
            yield from _run_all(chosen, scale, place) if chosen else ()


def _run_all(faults: Sequence[Fault], scale: Scale, place: Path | None) -> Iterator[tuple[Fault, Verdict]]:
    with prepared_stack(place) as stack:
        try:
            for fault in faults:
                yield fault, _run_one(stack, fault, scale)
        finally:
            connection.close()
            temporal_client.close()


def _run_one(stack: FaultStack, fault: Fault, scale: Scale) -> Verdict:
    dice = random.Random(f"{scale.seed}/{fault.name}")
    stage = Stage(
        stack,
        dice,
        scale.orders,
        nemesis=scale.nemesis,
        overload=scale.overload,
        races=scale.races,
        away=scale.away,
    )
    begin = time.monotonic()
    stack.heal()
    failure = ""
    try:
        fault.act(stage)
    except (AssertionError, subprocess.SubprocessError) as error:
        failure = f"{type(error).__name__}: {error}"
    with stage.afterwards:
        verdict = stage.judge(seconds=scale.settle)
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
