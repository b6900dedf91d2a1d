"""Decisions in the very moment in which an order is closed: no answer, and no entry of the history, is ever wrong.

RACES=1000 races as often each way; the suite does it some times.
"""

import os
import threading
from typing import Final

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from orders import contracts
from orders.engine import temporal
from orders.events import EventKind
from orders.models import Order
from orders.postgres.clock import database_now
from orders.states import OPEN, Outcome, Status
from tests.making import make_user, submit
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE: Final = 10
RACES: Final = int(os.environ.get("RACES", "20"))
HTMX: Final = {"HX-Request": "true"}


class Decider(threading.Thread):
    """Somebody who decides in a browser, after a delay; `status` is what the server answered."""

    def __init__(self, order: Order, verb: str, user: User, delay: float) -> None:
        super().__init__()
        self.order = order
        self._verb = verb
        self._delay = delay
        self._browser = Client()
        self._browser.force_login(user)
        self.status = 0

    def run(self) -> None:
        threading.Event().wait(self._delay)
        data = {"reason": "Fraud"} if self._verb == "cancel" else {}
        response = self._browser.post(f"/orders/{self.order.order_id}/{self._verb}/", data, headers=HTMX)
        self.status = response.status_code
        connection.close()

    def judge(self, kind: str) -> None:
        """Hold what the person was told against what became of the order."""
        order = Order.objects.get(pk=self.order.pk)
        decision = order.decisions.filter(kind=kind, channel="CONSOLE").first()
        took_effect = order.status == (Status.COMPLETED if kind == "approve" else Status.CANCELLED)
        if kind == "cancel":
            took_effect = took_effect and order.reason_code == "STAFF"
        if decision is None:  # refused before it was taken
            assert (self.status, took_effect) == (409, False)
            return
        told_late = order.events.filter(kind=EventKind.DECISION_TOO_LATE).exists()
        assert decision.outcome == (Outcome.ACCEPTED if took_effect else Outcome.TOO_LATE)
        assert told_late != took_effect
        assert self.status in {200, 409}
        assert not (self.status == 409 and took_effect), "told that it came too late, and it took effect"


def race(deciders: list[Decider], kind: str) -> None:
    for decider in deciders:
        decider.start()
    for decider in deciders:
        decider.join(60)
    ids = [decider.order.pk for decider in deciders]
    wait_until(lambda: not Order.objects.filter(pk__in=ids, status__in=OPEN).exists(), what="the ends")
    for decider in deciders:
        decider.judge(kind)


@pytest.mark.parametrize("first", range(0, RACES, AT_ONCE))
def test_an_approval_at_the_deadline(workers_running: object, settings: Settings, first: int) -> None:
    settings.ORDER_APPROVAL_TIMEOUT = 3
    bob = make_user("bob", "approver")
    orders = [submit(first + number) for number in range(AT_ONCE)]
    deciders = []
    for number, order in enumerate(orders):
        # On a busy machine it may be over before it was seen, which is a race as well.
        wait_for_status(order, Status.PENDING_MANUAL_APPROVAL, Status.CANCELLING, Status.CANCELLED)
        assert order.approval_deadline is not None
        remaining = (order.approval_deadline - database_now()).total_seconds()
        deciders.append(Decider(order, "approve", bob, max(remaining + (number - 8) * 0.015, 0.0)))
    race(deciders, "approve")


@pytest.mark.parametrize("first", range(0, RACES, AT_ONCE))
def test_a_cancellation_at_the_completion(workers_running: object, first: int) -> None:
    bob, dana = make_user("bob", "approver"), make_user("dana", "approver")
    orders = [wait_for_status(submit(first + number), Status.PENDING_MANUAL_APPROVAL) for number in range(AT_ONCE)]
    deciders = []
    for number, order in enumerate(orders):
        approval = contracts.Decision(f"d-{order.order_id}", bob.username)
        temporal.signal_decision(order.order_id, "approve_order", approval)
        deciders.append(Decider(order, "cancel", dana, 0.05 + number * 0.03))
    race(deciders, "cancel")
