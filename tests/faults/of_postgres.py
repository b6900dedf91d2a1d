"""PostgreSQL killed, halted, and with single sessions ended in the middle of a commit."""

import time
from typing import Final

from tests.faults.stage import Fault, Stage

PAUSE_SECONDS: Final = 6.0
SESSIONS: Final = 12
END_ONE: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'order-console' AND state <> 'idle' AND pid <> pg_backend_pid() LIMIT 1
"""


def kill(stage: Stage) -> None:
    """Kill the server with all its sessions; it recovers from its log."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        stage.stack.postgres.kill()
        stage.heal()


def end_sessions(stage: Stage) -> None:
    """End sessions that are in the middle of a transaction, one by one."""
    with stage.people() as crowd:
        ended = 0
        end = time.monotonic() + 60
        while ended < SESSIONS and time.monotonic() < end and crowd.count_told() < len(crowd.stories):
            ended += len(stage.stack.sql(END_ONE))


def halt(stage: Stage) -> None:
    """Halt the server and all its sessions: they keep their sockets and say nothing."""
    with stage.people() as crowd:
        stage.wait_for_orders(crowd, stage.orders // 2)
        with stage.stack.postgres.frozen():
            time.sleep(PAUSE_SECONDS)
        stage.healed_at = time.monotonic()


OF_POSTGRES: Final = (
    Fault("postgres-killed", "PostgreSQL is killed under load", kill),
    Fault("sessions-ended", "Sessions of PostgreSQL are ended in the middle of transactions", end_sessions),
    Fault("postgres-halted", "PostgreSQL is halted and says nothing", halt),
)
