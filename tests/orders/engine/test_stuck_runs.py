"""A run whose workflow task keeps failing is told to people, and goes on when the code that it began with is back."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from orders.decisions import decide
from orders.engine import reconcile, temporal
from orders.states import Outcome, Status, TroubleCode
from tests.asking import text_of
from tests.forked import Program
from tests.making import make_user, submit
from tests.programs import started_workers
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wrong_code(temporal_server: str) -> Iterator[Program]:
    """A worker with code that no longer matches the runs, beside no other."""
    nowhere = Path(os.devnull)
    program = Program(("-m", "tests.changed_workflow", temporal_server), os.environ, out=nowhere, err=nowhere)
    yield program
    program.kill()
    program.wait()


def test_a_run_that_cannot_go_on_is_told_until_it_does(
    temporal_server: str,
    program_environment: dict[str, str],
    client: Client,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    with started_workers(program_environment):
        order = wait_for_status(submit(), Status.PENDING_MANUAL_APPROVAL)
    wrong_worker = request.getfixturevalue("wrong_code")
    bob = make_user("bob", "approver")
    message = decide.approve_order(order, actor=bob)

    def is_told() -> bool:
        reconcile.reconcile_orders()
        return order.troubles.exists()

    wait_until(is_told, seconds=90, what="the trouble")

    assert order.troubles.get().code == TroubleCode.RUN_FAILING
    assert order.order_id in caplog.text
    assert decide.find_decision(message).outcome == Outcome.PENDING
    client.force_login(bob)
    page = text_of(client.get(order.get_absolute_url()))
    assert "workflow is stuck" in page
    assert "no longer matches the run" in page
    run = temporal.describe_run(order.order_id)
    assert run is not None
    assert run.failed_tasks >= reconcile.FAILING_TASKS

    wrong_worker.kill()
    with started_workers(program_environment):
        wait_for_status(order, Status.COMPLETED, seconds=90)

    assert not order.troubles.exists()
    assert decide.find_decision(message).outcome == Outcome.ACCEPTED
