"""Poison for single orders, a clock that is wrong, and a pooler in between."""

from pathlib import Path
from typing import Final

from orders.contracts import APPROVE_SIGNAL, ORDER_QUEUE, ORDER_WORKFLOW
from tests.faults.of_web import click
from tests.faults.people import Wish
from tests.faults.stage import Fault, Stage
from tests.pooler import PROGRAM, started_pooler
from tests.programs import run_temporal

# What nobody means, and what a run or its signal handlers must survive.
GARBAGE: Final = (
    '"{"',
    '{"decision_id": 7}',
    "[[[[]]]]",
    f'"{"x" * 100_000}"',
    r'{"actor": "alice", "reason": "\ud800"}',
)
LIBRARIES: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


def poison(stage: Stage) -> None:
    """Send garbage to the runs of some orders, and start runs of others with it, while other people work."""
    address = stage.stack.environment["TEMPORAL_ADDRESS"]
    poisoned = stage.plan(len(GARBAGE), wishes=[Wish.LEAVE])
    stage.let_live(poisoned)
    with stage.people():
        for story, garbage in zip(poisoned, GARBAGE, strict=True):
            signal = ["workflow", "signal", "--workflow-id", story.order_id, "--name"]
            run_temporal(address, *signal, APPROVE_SIGNAL, "--input", garbage)
            run_temporal(address, *signal, "no_such_signal")


def start_strangers(stage: Stage) -> None:
    """Start runs of orders that nobody knows, with garbage for input; they fail and hurt nobody."""
    address = stage.stack.environment["TEMPORAL_ADDRESS"]
    with stage.people():
        for number, garbage in enumerate(GARBAGE):
            order_id = f"order-STRANGER{stage.dice.randrange(10**6)}-{number}"
            options = ["--workflow-id", order_id, "--type", ORDER_WORKFLOW, "--task-queue", ORDER_QUEUE]
            run_temporal(address, "workflow", "start", *options, "--input", garbage)
            stage.stack.gone.add(order_id)


def wrong_clock(stage: Stage) -> None:
    """Run workers and web server with a clock that is an hour ahead, and then one that is an hour behind."""
    assert LIBRARIES, "libfaketime is not installed: apt-get install libfaketime"
    for offset in ("+1h", "-1h"):
        stage.stack.stop_workers()
        faked = {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": offset}
        # The SDK waits by the monotonic clock, which stays right. Python could not sleep then, as gunicorn does.
        stage.stack.start_worker(**faked, FAKETIME_DONT_FAKE_MONOTONIC="1")
        stage.stack.start_web(**faked)
        stage.let_live(stage.plan(wishes=[Wish.APPROVE, Wish.APPROVE_THEN_CANCEL, Wish.LEAVE]))
        click(stage, stage.plan(wishes=[Wish.APPROVE, Wish.LEAVE]))
        stage.wait_until_settled()
        stage.stack.web.stop()
    stage.stack.stop_workers()


def pooler(stage: Stage) -> None:
    """Lead the workers to PostgreSQL through PgBouncer in transaction mode, and kill it in the middle."""
    assert PROGRAM, "PgBouncer is not installed: apt-get install pgbouncer"
    stage.stack.stop_workers()
    host, port = stage.stack.socket
    with started_pooler(host, port, mode="transaction", pool_size=4) as listen_port, stage.people() as crowd:
        url = f"postgresql://console_app@127.0.0.1:{listen_port}/console"
        stage.stack.start_worker(DATABASE_URL=url)
        stage.wait_for_orders(crowd, stage.orders // 2)
        stage.wait_for_completed(1)
    stage.stack.stop_workers()


OF_PEOPLE: Final = (
    Fault("poison", "Garbage is sent to the runs of some orders", poison),
    Fault("strangers", "Runs are started with garbage, for orders that nobody knows", start_strangers),
    Fault(
        "wrong-clock",
        "The clock of workers and web server is an hour ahead, then an hour behind",
        wrong_clock,
        can_happen=bool(LIBRARIES),
    ),
    Fault(
        "pooler-stopped",
        "PgBouncer stands between, in transaction mode, and is stopped",
        pooler,
        can_happen=PROGRAM is not None,
    ),
)
