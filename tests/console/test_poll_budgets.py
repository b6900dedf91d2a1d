"""What open pages may ask for while nothing happens, by tests/budgets.toml. Time is moved on, not waited for."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.test import Client

from console.desk import live_rows
from console.order import glance
from orders.contracts import StatusAnswer
from orders.engine import live_status, temporal
from orders.models import Order
from tests.asking import HTMX
from tests.making import MakeOrder
from tests.programs import ROOT

pytestmark = pytest.mark.django_db
BUDGETS: Final = tomllib.loads((ROOT / "tests" / "budgets.toml").read_text())
LIST: Final = "/orders/?status=awaiting"
LIST_SECONDS, ORDER_SECONDS = 3, 2


class Clock:
    """The time that has passed since a page was opened, for PostgreSQL's clock and for this process's."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        """Return the time as the cache of live status knows it."""
        return 1_000_000 + self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let what is read tell a later time, as it would after so many seconds."""
    clock, read_rows, read_glance = Clock(), live_rows._read, glance._read

    def read_rows_later(*args: Any) -> live_rows.Answer:
        answer = read_rows(*args)
        span = timedelta(seconds=clock.seconds)
        return live_rows.Answer(
            tuple(replace(facts, read_at=facts.read_at + span) for facts in answer.facts), answer.news
        )

    def read_glance_later(order_id: str) -> Order:
        order = read_glance(order_id)
        vars(order)["read_at"] += timedelta(seconds=clock.seconds)
        return order

    monkeypatch.setattr(live_rows, "_read", read_rows_later)
    monkeypatch.setattr(glance, "_read", read_glance_later)
    monkeypatch.setattr(live_status, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def minute(clock: Clock, every: int) -> Iterator[int]:
    """Let a minute pass, poll by poll."""
    for second in range(every, 61, every):
        clock.seconds = second
        yield second


def received(response: Any) -> int:
    """Return the bytes of an answer with its head."""
    return len(response.content) + sum(len(name) + len(value) + 4 for name, value in response.headers.items())


def test_an_idle_list_is_silent(client: Client, bob: User, make_order: MakeOrder, clock: Clock) -> None:
    for number in range(50):
        make_order(deadline_seconds=(number + 1) * 29 * 60)
    client.force_login(bob)
    page = client.get(LIST)
    answers = [client.get(page.context["poll_url"], headers=HTMX) for _ in minute(clock, LIST_SECONDS)]
    share = sum(answer.status_code == 204 for answer in answers) / len(answers)
    assert share >= BUDGETS["polls"]["idle_share_of_204"]
    assert sum(map(received, answers)) <= BUDGETS["pages"]["kilobytes"]["idle_minute_of_the_list"] * 1024


def test_an_order_that_waits_hardly_asks_temporal(
    client: Client, bob: User, make_order: MakeOrder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(order_id: str) -> StatusAnswer:
        asked.append(order_id)
        return StatusAnswer(order_id, "PENDING_MANUAL_APPROVAL", waiting_for="approval")

    monkeypatch.setattr(temporal, "query_status", answer)
    order = make_order()
    client.force_login(bob)
    path = f"{order.get_absolute_url()}status/"
    shown = client.get(path, {"version": order.version}, headers=HTMX)
    query = {"version": order.version, "seen": shown.context["panel"].seen, "asked": "1"}
    statuses = [client.get(path, query, headers=HTMX).status_code for _ in minute(clock, ORDER_SECONDS)]
    assert set(statuses) == {204}
    assert len(asked) / (1 + len(statuses)) <= BUDGETS["polls"]["temporal_calls"]
