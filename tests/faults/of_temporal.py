"""Temporal killed, away and frozen, and the line between it and the workers."""

import time
from typing import Final

from orders.engine import temporal_client
from tests.faults.people import Wish
from tests.faults.stage import Fault, Stage

# How long what is not there stays away: longer than the calls of people and workers wait for it.
AWAY_SECONDS: Final = 6.0
# How long people pause before they do the same again.
PAUSE_SECONDS: Final = 5.0


def kill_three_times(stage: Stage) -> None:
    """Kill the server again and again; its file keeps what it took."""
    with stage.people(2 * stage.orders) as crowd:
        for number in range(3):
            stage.wait_for_orders(crowd, number * stage.orders // 2 + 1)
            stage.stack.temporal.kill()
            stage.stack.start_temporal()
    temporal_client.close()


def stay_away(stage: Stage) -> None:
    """Have people go on while there is no server at all."""
    stage.stack.temporal.kill()
    end = time.monotonic() + stage.away
    while True:
        with stage.people(wishes=[Wish.APPROVE, Wish.CANCEL, Wish.APPROVE_THEN_CANCEL]):
            pass  # until everybody is done without it
        if time.monotonic() >= end:
            break
        time.sleep(PAUSE_SECONDS)
    stage.heal()


def freeze(stage: Stage) -> None:
    """Halt the server: it keeps its sockets and says nothing."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        with stage.stack.temporal.frozen():
            time.sleep(AWAY_SECONDS)
        stage.healed_at = time.monotonic()


def cut_line(stage: Stage) -> None:
    """Break the connections between workers and Temporal, and refuse new ones."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        stage.stack.line.cut()
        time.sleep(AWAY_SECONDS)
        stage.heal()


def lose_requests(stage: Stage) -> None:
    """Let nothing through between workers and Temporal, and never again on the connections of that time."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        stage.stack.line.forget()
        time.sleep(AWAY_SECONDS)
        stage.heal()


def lose_replies(stage: Stage) -> None:
    """Have Temporal hear everything that workers say, and the workers none of its answers."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        stage.stack.line.lose_replies()
        time.sleep(AWAY_SECONDS)
        stage.heal()


OF_TEMPORAL: Final = (
    Fault("temporal-killed", "Temporal is killed three times under load", kill_three_times),
    Fault("temporal-away", "Temporal is away while people submit and decide", stay_away, is_short=True),
    Fault("temporal-frozen", "Temporal is halted and says nothing", freeze),
    Fault("line-cut", "The network between workers and Temporal is cut", cut_line),
    Fault("requests-lost", "What workers say to Temporal is lost", lose_requests),
    Fault("replies-lost", "What Temporal answers the workers is lost", lose_replies),
)
