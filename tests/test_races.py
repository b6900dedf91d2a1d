"""Decisions in the very moment in which an order is closed: no answer, and no entry of the history, is ever wrong.

RACES=1000 races as often; the suite does it some times.
"""

import os
import threading
from typing import Final

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django import Settings

from orders import contracts, temporal
from orders.models import Order
from orders.states import Outcome, Status
from tests.making import make_user, submit
from tests.waiting import wait_for_status, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

RACES: Final = int(os.environ.get("RACES", "12"))
HTMX: Final = {"HX-Request": "true"}


def post(order: Order, verb: str, user: User, answers: list[int], delay: float) -> None:
    """Decide as a browser does, a moment from now."""
    browser = Client()
    browser.force_login(user)
    threading.Event().wait(delay)
    data = {"reason": "Fraud"} if verb == "cancel" else {}
    response = browser.post(f"/orders/{order.order_id}/{verb}/", data, headers=HTMX)
    answers.append(response.status_code)
    connection.close()


def judge(order: Order, kind: str, status: int) -> None:
    """Hold what the person was told against what became of the order."""
    order.refresh_from_db()
    decision = order.decisions.filter(kind=kind).first()
    took_effect = order.status == (Status.COMPLETED if kind == "approve" else Status.CANCELLED)
    if kind == "cancel":
        took_effect = took_effect and order.reason_code == "STAFF"
    told_late = order.events.filter(title="A decision came too late").exists()
    if decision is None:  # refused before it was taken
        assert status == 409
        assert not took_effect
        return
    assert decision.outcome == (Outcome.ACCEPTED if took_effect else Outcome.TOO_LATE)
    assert told_late != took_effect
    assert (status == 409) <= (not took_effect), "told that it came too late, and it took effect"


@pytest.mark.parametrize("number", range(RACES))
def test_an_approval_at_the_deadline(workers_running: object, settings: Settings, number: int) -> None:
    settings.ORDER_APPROVAL_TIMEOUT = 1
    bob = make_user("bob", "approver")
    answers: list[int] = []
    order = wait_for_status(submit(number), Status.PENDING_MANUAL_APPROVAL)
    assert order.approval_deadline is not None
    remaining = (order.approval_deadline - order.created_at).total_seconds() - 0.15
    delay = max(remaining + (number % 10 - 5) * 0.01 - 0.1, 0.0)
    thread = threading.Thread(target=post, args=(order, "approve", bob, answers, delay))
    thread.start()
    thread.join(20)

    wait_until(lambda: not Order.objects.get(pk=order.pk).is_open, what="the end")
    judge(order, "approve", answers[0])


@pytest.mark.parametrize("number", range(RACES))
def test_a_cancellation_at_the_completion(workers_running: object, number: int) -> None:
    bob, dana = make_user("bob", "approver"), make_user("dana", "approver")
    answers: list[int] = []
    order = wait_for_status(submit(number), Status.PENDING_MANUAL_APPROVAL)
    temporal.signal_decision(order.order_id, "approve_order", contracts.Decision(f"d-{order.order_id}", bob.username))
    thread = threading.Thread(target=post, args=(order, "cancel", dana, answers, 0.1 + (number % 12) * 0.01))
    thread.start()
    thread.join(20)

    wait_until(lambda: not Order.objects.get(pk=order.pk).is_open, what="the end")
    judge(order, "cancel", answers[0])
