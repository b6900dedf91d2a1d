"""The gateway as a program of its own: what it does wrong, its death, and the line to it; judged from its own log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tests.faults.gateway_program import GatewayProgram
from tests.faults.people import Crowd, Wish
from tests.faults.stage import Fault, Stage
from tests.waiting import wait_until

WISHES: Final = (Wish.APPROVE, Wish.UNREACHABLE, Wish.APPROVE, Wish.APPROVE_THEN_CANCEL)
# How long what is not there stays away: longer than any call waits for it.
AWAY_SECONDS: Final = 6.0
SLOW_SECONDS: Final = 90.0
# How often each misdeed has to be met before it counts as tried.
LEAST_MISDEEDS: Final = 4


def start_paying(stage: Stage, *, with_events: bool = False, failpoint: str = "", **changes: str) -> GatewayProgram:
    """Start the program, and a worker that pays with it, whose environment has these changes; the log is judged.

    With events, the program tells the web server of what it does. With a failpoint, the worker dies there.
    """
    program = GatewayProgram(stage.stack)
    stage.afterwards.callback(program.stop)
    stage.stack.stop_workers()
    stage.afterwards.callback(stage.stack.stop_workers)
    stage.gateway_log = program.log
    if with_events:
        stage.stack.start_web(**program.settings)
        stage.afterwards.callback(stage.stack.web.stop)
    program.start(webhook=program.webhook if with_events else "")
    stage.stack.start_worker(failpoint=failpoint, **program.settings, **changes)
    return program


@contextmanager
def paying_there(stage: Stage, *, with_events: bool = False) -> Iterator[tuple[GatewayProgram, Crowd]]:
    """Have people at work, and workers that pay with the program."""
    program = start_paying(stage, with_events=with_events)
    with stage.people(wishes=WISHES) as crowd:
        yield program, crowd


def misbehave(misdeed: str, *calls: str) -> Callable[[Stage], None]:
    """Return the fault of a gateway that does these calls wrong, some of each, until it is told to behave."""

    def act(stage: Stage) -> None:
        with paying_there(stage) as (program, _):
            for call in calls:
                program.misbehave(misdeed, call=call, times=max(2, stage.orders // len(calls)))
            wait_until(
                lambda: program.count_misdeeds() >= LEAST_MISDEEDS, seconds=90, what=f"{LEAST_MISDEEDS} × {misdeed}"
            )
        program.behave()
        stage.healed_at = time.monotonic()

    return act


def be_slow(stage: Stage) -> None:
    """Take 90 s for some calls, which take effect when nobody waits for them any more."""
    with paying_there(stage) as (program, _):
        for call in ("charge", "refund"):
            program.misbehave("slow", call=call, times=max(2, stage.orders // 2), seconds=SLOW_SECONDS)
        wait_until(lambda: program.count_misdeeds() >= LEAST_MISDEEDS, seconds=90, what="slow calls")
    program.behave()
    begin = time.monotonic()
    stage.wait_until_settled()
    settled_after = time.monotonic() - begin
    wait_until(lambda: not program.is_holding_calls(), seconds=2 * SLOW_SECONDS, what="the end of the slow calls")
    stage.healed_at = time.monotonic() - settled_after


def die(stage: Stage) -> None:
    """Kill the gateway under load, and start it again on its log."""
    with paying_there(stage) as (program, _):
        stage.wait_for_completed(1)
        program.server.kill()
        time.sleep(AWAY_SECONDS)
        program.start()
        stage.healed_at = time.monotonic()


def break_line(how: str) -> Callable[[Stage], None]:
    """Return the fault of a line between workers and gateway on which requests, or replies, are lost."""

    def act(stage: Stage) -> None:
        with paying_there(stage) as (program, _):
            stage.wait_for_completed(1)
            getattr(program.line, how)()
            time.sleep(AWAY_SECONDS)
            program.line.heal()
            stage.healed_at = time.monotonic()

    return act


MONEY: Final = ("charge", "refund")
ANY: Final = ("find", "charge", "refund")
OF_GATEWAY: Final = (
    Fault("gateway-times-out", "The gateway charges, and does not answer", misbehave("time-out-after", *MONEY)),
    Fault("gateway-fails-after", "The gateway charges, and answers with 500", misbehave("fail-after", *MONEY)),
    Fault("gateway-fails-before", "The gateway answers with 500, and has done nothing", misbehave("fail-before", *ANY)),
    Fault("gateway-wrong-body", "The gateway charges, and answers with nonsense", misbehave("wrong-body", *ANY)),
    Fault("gateway-hangs-up", "The gateway hangs up", misbehave("down", *ANY)),
    Fault("gateway-slow", "The gateway takes 90 s, and charges when nobody waits any more", be_slow),
    Fault("gateway-killed", "The gateway is killed, and is away", die),
    Fault("gateway-cut", "The network between workers and gateway is cut", break_line("cut")),
    Fault("gateway-requests-lost", "What workers say to the gateway is lost", break_line("forget")),
    Fault("gateway-replies-lost", "What the gateway answers is lost", break_line("lose_replies")),
)
