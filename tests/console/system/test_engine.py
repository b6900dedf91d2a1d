"""console.system.engine: every page says when decisions cannot take effect right now, and why."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from console.system import engine
from orders.models import OutboxMessage, WorkerProcess
from tests.asking import HTMX, text_of
from tests.making import MakeOrder

pytestmark = pytest.mark.django_db
BOTH = ["order-tq", "shipping-tq"]


def report(*queues: str, pid: int = 1, problems: tuple[dict[str, object], ...] = (), seconds: float = 1) -> None:
    """Let a worker process have reported itself so long ago."""
    moment = timezone.now() - timedelta(seconds=seconds)
    WorkerProcess.objects.create(
        process_id=f"{pid}",
        host="elsewhere",
        pid=pid,
        queues=list(queues or BOTH),
        problems=list(problems),
        started_at=moment,
        seen_at=moment,
    )


@pytest.fixture
def bobs(client: Client, bob: User) -> Client:
    client.force_login(bob)
    return client


def test_with_workers_at_work_nothing_is_said() -> None:
    report()
    assert engine.describe_engine() == ""


def test_without_a_worker_it_is_said() -> None:
    assert engine.describe_engine() == str(engine.NO_WORKER)


def test_a_worker_that_is_silent_is_none() -> None:
    report(seconds=600)
    assert engine.describe_engine() == str(engine.NO_WORKER)


def test_temporal_away_is_said() -> None:
    report(problems=({"code": "temporal_away"},))
    report(pid=2, problems=({"code": "temporal_away"},))
    assert engine.describe_engine() == str(engine.AWAY)


def test_one_worker_that_reaches_temporal_is_enough() -> None:
    report(problems=({"code": "temporal_away"},))
    report(pid=2)
    assert engine.describe_engine() == ""


def test_a_queue_that_nobody_serves_is_said() -> None:
    report("order-tq")
    assert engine.describe_engine() == engine.NO_SHIPPING % {"queue": "shipping-tq"}
    WorkerProcess.objects.all().delete()
    engine.forget()
    report("shipping-tq")
    assert engine.describe_engine() == str(engine.NO_WORKER)


def test_a_relay_that_is_behind_is_said(make_order: MakeOrder) -> None:
    make_order(is_delivered=False)
    report()
    assert engine.describe_engine() == ""
    OutboxMessage.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    engine.forget()
    assert engine.describe_engine() == str(engine.BEHIND)


@pytest.mark.parametrize("path", ["/orders/", "/orders/?status=awaiting", "{order}"])
def test_every_page_says_it(bobs: Client, make_order: MakeOrder, path: str) -> None:
    url = path.format(order=make_order().get_absolute_url())
    assert str(engine.NO_WORKER) in text_of(bobs.get(url))
    report()
    engine.forget()
    assert str(engine.NO_WORKER) not in text_of(bobs.get(url))


def test_a_page_that_is_open_learns_of_it(bobs: Client, make_order: MakeOrder) -> None:
    order = make_order("COMPLETED")
    report()
    page = bobs.get("/orders/")
    assert bobs.get(page.context["poll_url"], headers=HTMX).status_code == 204
    WorkerProcess.objects.all().delete()
    engine.forget()
    changes = bobs.get(page.context["poll_url"], headers=HTMX)
    assert str(engine.NO_WORKER) in text_of(changes)
    assert order.order_id in text_of(changes)
